import { expect, test } from 'vitest'
import type { LogRequest } from '../../engine/protocol/session.ts'
import { readLogs } from './logs.ts'
import { MemoryRuntime } from './memory-runtime.ts'

const status = {
  id: 'uid_web_0',
  podUid: 'uid',
  name: 'web',
  attempt: 0,
  image: '',
  imageID: '',
  state: { kind: 'running', startedAt: 0 },
} as const
const time = '2026-11-20T19:08:09.000000000Z'

test.each<{ name: string; request: Partial<LogRequest>; text: string }>([
  { name: 'whole', request: {}, text: 'one\nzwölf\n' },
  { name: 'with times', request: { timestamps: true }, text: `${time} one\n${time} zwölf\n` },
  { name: 'from its tail', request: { tailLines: 1 }, text: 'zwölf\n' },
  { name: 'cut to a number of bytes', request: { limitBytes: 6 }, text: 'one\nzw' },
])('a log $name', async ({ request, text }) => {
  const runtime = new MemoryRuntime()
  await runtime.createSandbox({
    podUid: 'uid',
    namespace: 'shop',
    name: 'web-0',
    hostname: 'web-0',
    hostNetwork: false,
    hostAliases: [],
    ports: [],
    labels: {},
  })
  const { id } = await runtime.startContainer({
    podUid: 'uid',
    namespace: 'shop',
    podName: 'web-0',
    name: 'web',
    attempt: 0,
    env: {},
    mounts: [],
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    stdin: false,
    tty: false,
  })
  for (const line of ['one', 'zwölf']) runtime.print(id, line)
  const whole = { podUid: 'uid', container: 'web', follow: false, previous: false, timestamps: false }
  const source = { run: { status: { ...status, id }, lost: false as const }, runtime }
  const { signal } = new AbortController()
  const bytes: Buffer[] = []
  for await (const part of readLogs({ ...whole, ...request }, { source, signal, now: 0 })) bytes.push(part)
  expect(String(Buffer.concat(bytes))).toBe(text)
})
