/** The proxy's program, as a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { entryUrl } from '../../engine/protocol/entries.ts'
import { connectTo } from './link.ts'

let folder = ''
const ends: (() => unknown)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-proxy-main-'))
})
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await rm(folder, { recursive: true })
})

function start({ flags = [], own = folder }: { flags?: readonly string[]; own?: string } = {}) {
  const program = [fileURLToPath(entryUrl('proxy')), '--folder', own, '--cluster', 'c', '--build', 'b']
  const child = spawn(process.execPath, [...flags, ...program], { stdio: ['ignore', 'ignore', 'pipe'] })
  ends.push(() => child.kill('SIGKILL'))
  const said: { text: string } = { text: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.text += text))
  return { child, said }
}

const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`

test.each([
  { name: 'an error', code: `setTimeout(() => { throw new Error('unforeseen') }, 300)` },
  { name: 'a rejection', code: `setTimeout(() => Promise.reject(new Error('unforeseen')), 300)` },
])('$name that nobody foresaw is one line in the log, and the end', async ({ code }) => {
  const { child, said } = start({ flags: ['--import', `data:text/javascript,${encodeURIComponent(code)}`] })
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(1)
  expect(said.text).toMatch(new RegExp(`^${time} an error in Gantry ended the proxy: Error: unforeseen at .*\n$`))
})

test('a folder that cannot be used is told in one line', async () => {
  const { child, said } = start({ own: join(folder, 'none') })
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(1)
  expect(said.text).toMatch(new RegExp(`^${time} the proxy cannot start: .*/none.*\n$`))
})

test('a damaged table is told, and hinders nobody', async () => {
  const table = join(folder, 'table.json')
  await writeFile(table, '{"boot":"')
  const { said } = start()
  const events = { onApplied: () => {}, onProblems: () => {}, onClose: () => {} }
  for (;;) {
    const link = await connectTo(join(folder, 'proxy.sock'), events)
    link?.close()
    if (link) break
  }
  expect(said.text).toMatch(
    new RegExp(
      `^${time} ${table} is damaged; nothing is served until the agent sends the table, which replaces the file\n$`,
    ),
  )
})
