import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { collect } from './git-process.ts'
import { parseQuestion, writeHook } from './pre-receive-hook.ts'

const update = `${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/main`

test.each([
  { name: 'nothing yet', text: '', question: undefined },
  { name: 'half a line', text: '/q\n0000', question: undefined },
  { name: 'no end of the options', text: `/q\n${update}\n\none\n`, question: undefined },
  { name: 'half of the end', text: `/q\n${update}\n\none`, question: undefined },
  {
    name: 'without options',
    text: `/q\n${update}\n\n\n`,
    question: { quarantine: '/q', updates: [update], pushOptions: [] },
  },
  {
    name: 'with options, which cannot pose as updates',
    text: `/q\n${update}\n\none\n${update}\n\n`,
    question: { quarantine: '/q', updates: [update], pushOptions: ['one', update] },
  },
  {
    name: 'a deletion, which has no quarantine',
    text: `\n${update}\n\n\n`,
    question: { quarantine: '', updates: [update], pushOptions: [] },
  },
])('$name', ({ text, question }) => expect(parseQuestion(text)).toEqual(question))

test.each([
  { name: 'accepts', answer: 'accept\nplan\n  of two lines\n', code: 0, says: 'plan\n  of two lines\n' },
  { name: 'refuses', answer: 'refuse\nwhy\n', code: 1, says: 'why\n' },
  {
    name: 'is dead',
    answer: '',
    code: 1,
    says: 'refused: Gantry stopped while it looked at this push; push again once it is back\n',
  },
])('the hook where the engine $name', async ({ answer, code, says }) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-hook-'))
  const hooks = await writeHook(folder)
  const env = {
    PATH: process.env['PATH'],
    GIT_QUARANTINE_PATH: '/q',
    GIT_PUSH_OPTION_COUNT: '2',
    GIT_PUSH_OPTION_0: '$(x) "y"',
    GIT_PUSH_OPTION_1: '',
  }
  const child = spawn(join(hooks, 'pre-receive'), [], { env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
  const result = collect(child)
  child.stdin?.end(`${update}\n`)
  const channel = child.stdio[3]
  if (!(channel instanceof Duplex)) throw new Error('there is no channel')
  let text = ''
  channel.on('data', (chunk: Buffer) => (text += chunk.toString()))
  while (!parseQuestion(text)) await once(channel, 'data')
  channel.end(answer)
  const { code: ended, stdout } = await result
  rmSync(folder, { recursive: true })
  expect(parseQuestion(text)).toEqual({ quarantine: '/q', updates: [update], pushOptions: ['$(x) "y"'] })
  expect({ code: ended, says: stdout.toString() }).toEqual({ code, says })
})
