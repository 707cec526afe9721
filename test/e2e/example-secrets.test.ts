/** The example with encrypted files, as somebody would try it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry, cli } from './gantry.ts'
import type { Clone } from './gantry.ts'

const example = fileURLToPath(new URL('../../examples/secrets', import.meta.url))
const key = join(example, 'demo-key.txt')

describeWith(['root', 'git'], 'examples/secrets', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    gantry = await Gantry.up({ args: ['--runtime', 'process', '--age-key-file', key] })
    clone = await gantry.clone()
    cpSync(example, clone.path, { recursive: true })
    await clone.git('add', '--all')
    await clone.push('Secrets')
  }, 60_000)
  afterAll(() => gantry?.down(), 60_000)

  const log = async (): Promise<string> => (await gantry.cli('logs', 'deploy/web')).stdout

  test('its pod has what was encrypted', async () => {
    await gantry.until('running', async () => (await log()).includes('a password of 28 letters, a token of 15'))
  })

  test('a token that is edited rolls the pods', async () => {
    const before = readFileSync(join(clone.path, 'app/api.env'), 'utf8')
    const words = [process.execPath, cli, 'secret', 'edit', '--age-key-file', key, 'app/api.env']
    const edited = await gantry.run('env', ['EDITOR=sed -i s/demo-0123456789/demo-0/', ...words], { cwd: clone.path })
    expect(edited).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(readFileSync(join(clone.path, 'app/api.env'), 'utf8')).not.toBe(before)
    await clone.push('Another token')
    await gantry.until('rolled', async () => (await log()).includes('a password of 28 letters, a token of 6'))
  })

  test('a Secret in plain text is refused', async () => {
    const plain = await gantry.cli('secret', 'decrypt', '--age-key-file', key, join(clone.path, 'database.yaml'))
    writeFileSync(join(clone.path, 'database.yaml'), plain.stdout)
    await clone.git('commit', '--quiet', '--all', '--message', 'Plain')
    const { stderr } = await clone.tryGit('push')
    expect(stderr).toContain('database.yaml:2:1: error: the values of this Secret can be read by all')
  })

  test('without the key Gantry does not start: running pods would lose their Secrets', async () => {
    await gantry.stop()
    const ports = ['--port', String(gantry.port), '--tls-port', String(gantry.tlsPort)]
    const again = await gantry.run(process.execPath, [
      cli,
      'up',
      '--data',
      gantry.data,
      ...ports,
      '--runtime',
      'process',
    ])
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(
      /^gantry: the Secrets of the applied commit \w{7} cannot be read: database\.yaml:9:1: error: the file is encrypted for age1\w+, and no age key is given; give the key/,
    )
  })
})
