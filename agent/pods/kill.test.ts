/** The agent is killed at each of its effects in turn, started again, and has lost and doubled nothing. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Pod } from '../../engine/api/types.ts'
import type { SandboxState } from '../runtime/runtime.ts'
import { container, pod } from './fixtures.ts'

let folder: string
const program = () => join(folder, 'agent.mjs')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-kill-'))
  await build({
    entryPoints: [new URL('./kill.fixture.ts', import.meta.url).pathname],
    outfile: program(),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(async () => {
  if (running) await run(deleted(running), { goal: 'gone' })
  await rm(folder, { recursive: true, force: true })
})

/** What a test that fails leaves behind. */
let running: Pod | undefined

interface Ended {
  readonly killed: boolean
  readonly sandboxes: readonly SandboxState[]
}

async function run(wanted: Pod, { goal, killAt = 0 }: { goal: 'ready' | 'gone'; killAt?: number }): Promise<Ended> {
  const objects = join(folder, 'objects.json')
  await writeFile(objects, JSON.stringify([wanted]))
  const args = [program(), join(folder, 'data'), objects, goal, String(killAt)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error && error.signal !== 'SIGKILL') reject(new Error(stderr, { cause: error }))
      else resolve({ killed: error !== null, sandboxes: error ? [] : JSON.parse(stdout).sandboxes })
    })
  })
}

/** The main processes of a pod's containers, by what they print of themselves. */
async function startsOf(wanted: Pod): Promise<readonly string[]> {
  return (await readFile(join(folder, wanted.metadata.name), 'utf8')).split('\n').filter(Boolean).sort()
}

function deleted(wanted: Pod): Pod {
  const end = { deletionTimestamp: '2026-11-20T19:08:09Z', deletionGracePeriodSeconds: 0 }
  return { ...wanted, metadata: { ...wanted.metadata, ...end } }
}

function makePod(n: number): Pod {
  const name = `pod-${n}`
  const note = (word: string) => [
    '/bin/sh',
    '-c',
    `echo ${word} >> /notes/${name}; [ ${word} = init ] || exec sleep 600`,
  ]
  const mounts = {
    volumeMounts: [
      { name: 'notes', mountPath: '/notes' },
      { name: 'empty', mountPath: '/mnt' },
    ],
  }
  return pod(name, {
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsUser: process.getuid?.() ?? 0 },
      volumes: [
        { name: 'notes', hostPath: { path: folder, type: 'Directory' } },
        { name: 'empty', emptyDir: {} },
      ],
      initContainers: [container('init', { command: note('init'), ...mounts })],
      containers: [
        container('a', { command: note('a'), ...mounts }),
        container('b', { command: note('b'), ...mounts }),
      ],
    },
  })
}

test('nothing is lost, doubled or restarted, wherever the agent is killed', { timeout: 120_000 }, async () => {
  for (let killAt = 1, killed = true; killed; killAt++) {
    const wanted = makePod(killAt)
    running = wanted
    const started = await run(wanted, { goal: 'ready', killAt })
    const { sandboxes } = started.killed ? await run(wanted, { goal: 'ready' }) : started
    const containers = sandboxes.flatMap(sandbox =>
      sandbox.containers.map(c => `${c.name}:${c.attempt} ${c.state.kind}`),
    )
    expect({ killAt, containers: containers.sort() }).toEqual({
      killAt,
      containers: ['a:0 running', 'b:0 running', 'init:0 exited'],
    })
    // A container runs before its first command does.
    await vi.waitFor(async () => expect(await startsOf(wanted)).toEqual(['a', 'b', 'init']))
    const ended = await run(deleted(wanted), { goal: 'gone', killAt })
    const left = ended.killed ? await run(deleted(wanted), { goal: 'gone' }) : ended
    expect({ killAt, left: left.sandboxes, folders: await readdir(join(folder, 'data', 'pods')) }).toEqual({
      killAt,
      left: [],
      folders: [],
    })
    expect(await startsOf(wanted)).toEqual(['a', 'b', 'init'])
    running = undefined
    killed = started.killed || ended.killed
  }
})
