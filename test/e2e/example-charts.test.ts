/** The example with releases of a chart, as somebody would try it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask } from './poll.ts'

const example = fileURLToPath(new URL('../../examples/charts', import.meta.url))
const morning = 'http://127.0.0.1:30080/'
const evening = 'http://127.0.0.1:30081/'

describeWith(['root', 'git'], 'examples/charts', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
  }, 60_000)
  afterAll(() => gantry?.down(), 60_000)

  async function edit(file: string, from: string, to: string): Promise<void> {
    const path = join(clone.path, file)
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(from)
    writeFileSync(path, text.replace(from, to))
    await clone.git('commit', '--quiet', '--all', '--message', to)
  }
  const migrated = async (name: string): Promise<string> =>
    (await gantry.cli('logs', `job/${name}-migration`)).stdout.trim()

  test('a release goes after the one that it depends on, and each after its migration', async () => {
    await clone.git('rm', '--quiet', 'hello.yaml')
    cpSync(example, clone.path, { recursive: true })
    await clone.git('add', '--all')
    const said = await clone.push('Charts')
    expect(said).toContain('+ Deployment default/morning')
    await gantry.until('both', async () => (await ask(evening).catch(String)) === 'Good evening\n', 40)
    expect(await ask(morning)).toBe('Good morning\n')
    expect([await migrated('morning'), await migrated('evening')]).toEqual([
      'migrated to: Good morning',
      'migrated to: Good evening',
    ])
    const { stdout } = await gantry.cli('get', 'releases')
    expect(stdout.split('\n').map(line => line.split(/ +/)[0])).toEqual(['NAME', 'evening', 'morning', ''])
  })

  test('a value that is edited migrates and rolls its release, and no other', async () => {
    const before = (await gantry.cli('get', 'pods', '-l', 'app.kubernetes.io/instance=evening', '-o', 'name')).stdout
    await edit('morning.yaml', 'Good morning', 'Good day')
    await clone.git('push', '--quiet')
    await gantry.until('new', async () => (await ask(morning)) === 'Good day\n', 40)
    expect(await migrated('morning')).toBe('migrated to: Good day')
    expect((await gantry.cli('get', 'pods', '-l', 'app.kubernetes.io/instance=evening', '-o', 'name')).stdout).toBe(
      before,
    )
  })

  test('a value that the chart does not take is refused at its line, and changes nothing', async () => {
    await edit('morning.yaml', 'Good day', '[1]')
    const push = await clone.tryGit('push')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toContain('remote: morning.yaml:9:15: error: Values.greeting must be string')
    expect(await ask(morning)).toBe('Good day\n')
  })
})
