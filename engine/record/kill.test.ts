import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openRepository } from '../git/open.ts'
import { ensureSigningKey } from '../git/signing-key.ts'
import { createRecorder } from './recorder.ts'
import { digestWith, ensureDigestKey } from './secret-digest.ts'
import { createVersionReserve } from './version-reserve.ts'

let programs = ''
let program = ''
let folder = ''

beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'gantry-kill-'))
  program = join(programs, 'record-in-a-loop.mjs')
  const entry = fileURLToPath(new URL('testing/record-in-a-loop.ts', import.meta.url))
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  })
})
afterAll(() => rmSync(programs, { recursive: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-killed-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the program until it is killed; gives the last resourceVersion that it called durable. */
async function run(args: readonly string[], killAfter: (durable: number) => number | undefined): Promise<number> {
  const child = spawn(process.execPath, [program, folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  let text = ''
  let timer: NodeJS.Timeout | undefined
  const plan = (): void => {
    const wait = timer ? undefined : killAfter(text.split('\n').length - 1)
    // With all that it started: git is killed in mid-step too.
    if (wait !== undefined) timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), wait)
  }
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    plan()
  })
  plan()
  await new Promise(resolve => child.once('exit', resolve))
  clearTimeout(timer)
  return Number(text.split('\n').at(-2) ?? 0)
}

/** Opens what the killed program left: nothing durable may be missing, and everything must be sound. */
async function check(durable: number): Promise<number> {
  const path = join(folder, 'r.git')
  const trustedKeys = [await ensureSigningKey(join(folder, 'keys/signing.pem'))]
  const digest = digestWith(await ensureDigestKey(join(folder, 'keys/digest')))
  const repository = await openRepository(path, { create: { defaultBranch: 'main' } })
  const objects = (await createRecorder({ repository, cluster: 'hello', trustedKeys, digest }).restore()) ?? []
  await repository.close()
  expect(
    execFileSync('git', ['--git-dir', path, 'fsck', '--full', '--strict', '--no-dangling'], {
      stdio: 'pipe',
    }).toString(),
  ).toBe('')
  const versions = objects.map(({ metadata }) => Number(metadata.resourceVersion))
  const newest = Math.max(0, ...versions)
  expect(newest).toBeGreaterThanOrEqual(durable)
  expect(new Set(versions).size).toBe(objects.length)
  const file = join(folder, 'resource-version')
  if (existsSync(file)) expect((await createVersionReserve({ file, block: 1 })).start).toBeGreaterThanOrEqual(newest)
  return objects.length
}

/** Two key files of two fsyncs each and their folder, the repository, the first record and the ones after it. */
const syncs = Array.from({ length: 24 }, (_, n) => n + 1)

test.each(['before', 'after'])(
  'killed %s the n-th fsync, for every n through the first records',
  async when => {
    for (const n of syncs) {
      await check(await run([when, String(n)], () => undefined))
      rmSync(folder, { recursive: true })
      folder = mkdtempSync(join(tmpdir(), 'gantry-killed-'))
    }
  },
  180_000,
)

test('killed with its git processes at any moment, again and again, nothing durable is lost', async () => {
  let objects = 0
  for (let round = 0; round < 12; round++) {
    const started = (n: number) => (n > round % 4 ? (round * 37) % 60 : undefined)
    objects = await check(await run([], started))
  }
  expect(objects).toBeGreaterThan(12)
}, 180_000)
