import { CommanderError } from 'commander'
import pc from 'picocolors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EngineControls } from '../server/controls.ts'
import { Refused } from '../server/controls.ts'
import { exampleCluster } from '../server/objects.fixture.ts'
import type { ServerFixture } from '../server/server.fixture.ts'
import { examplePod, startServer, token, unaskedFleet } from '../server/server.fixture.ts'
import { CliError } from './failure.ts'
import { createProgram } from './program.ts'

const time = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * 60_000).toISOString()
const revision = { commit: '1234567890', tree: 't', subject: 'Greet louder', author: 'Ada', committedAt: 0 }

const engine: EngineControls = {
  status: () => ({
    version: '0.1.0',
    startedAt: time(5),
    clusterName: 'hello',
    source: { url: 'http://127.0.0.1/git/hello.git', branch: 'main' },
    record: { branch: 'observed/hello', pending: 0 },
  }),
  history: () =>
    Promise.resolve([
      { revision: { ...revision, committedAt: Date.now() / 1000 - 60 }, current: false, refused: 'rejected' },
      {
        revision: { ...revision, commit: 'abcdef0123', committedAt: Date.now() / 1000 - 300 },
        appliedAt: time(4),
        healthyAt: new Date(Date.parse(time(4)) + 2_000).toISOString(),
        current: true,
      },
    ]),
  changeNode: () => Promise.reject(new Error('not asked')),
  rollback: ({ commit }) =>
    commit === 'nope'
      ? Promise.reject(new Refused('commit nope is not in the history', 'gantry history lists those that are'))
      : Promise.resolve({ commit: 'fedcba9876', restored: revision }),
  down: () => {},
  fleet: unaskedFleet,
}

let server: ServerFixture
beforeEach(async () => {
  server = await startServer({ engine })
  server.put(...exampleCluster)
})
afterEach(() => server.close())

interface Output {
  written: string
  noted: string
}

function start(line: string, output: Output = { written: '', noted: '' }): { output: Output; done: Promise<unknown> } {
  const terminal = {
    write: (text: string) => void (output.written += text),
    note: (text: string) => void (output.noted += text),
    colors: pc.createColors(false),
  }
  const program = createProgram(() => Promise.resolve(terminal))
  const silent = { writeOut: () => undefined, writeErr: () => undefined }
  for (const command of [program, ...program.commands]) command.configureOutput(silent)
  const args = [...line.split(' '), '--server', server.url, '--token', token]
  return { output, done: program.parseAsync(args, { from: 'user' }) }
}

async function gantry(line: string): Promise<Output> {
  const { output, done } = start(line)
  await done
  return output
}

test('history tells when each commit was applied and became healthy', async () => {
  expect((await gantry('history')).written).toBe(
    `    COMMIT    COMMITTED   APPLIED    HEALTHY AFTER   AUTHOR   SUBJECT
    1234567   60s ago     rejected   -               Ada      Greet louder
*   abcdef0   5m ago      4m ago     2s              Ada      Greet louder
`,
  )
})

test('rollback prints the new commit alone, for programs, and the rest for people', async () => {
  expect(await gantry('rollback')).toEqual({
    written: 'fedcba9876\n',
    noted:
      'Rolled back to 1234567 (Greet louder) by the new commit fedcba9; ' +
      'git pull brings it into your clone, gantry status shows how it goes\n',
  })
})

test('status asks for everything at once', async () => {
  expect((await gantry('status')).written).toContain('◐ shop/web   1/2 available   1 Pending')
})

test('nothing found is said aside', async () => {
  expect(await gantry('get pods')).toEqual({ written: '', noted: 'No resources found in default namespace.\n' })
  expect(await gantry('get pods -A -l app=none')).toEqual({ written: '', noted: 'No resources found\n' })
  expect(await gantry('get clusters')).toEqual({ written: '', noted: 'No resources found\n' })
})

test('of several objects those that exist are shown, and the others named', async () => {
  const { output, done } = start('get pod web-5d8f-abcde gone -n shop')
  await expect(done).rejects.toThrow('Error from server (NotFound): pods "gone" not found')
  expect(output.written).toMatch(/^NAME.*\nweb-5d8f-abcde /)
})

test('-w goes on with what changes', async () => {
  const { output, done } = start('get pods -n live -w')
  server.put(examplePod('a', { namespace: 'live' }))
  await expect.poll(() => output.written).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\na +1\/1 +Running/)
  server.put(examplePod('b-has-a-longer-name', { namespace: 'live' }))
  await expect.poll(() => output.written).toMatch(/\nb-has-a-longer-name +1\/1 +Running/)
  await server.close()
  await expect(done).rejects.toMatchObject({ exitCode: 3 })
})

test('logs of several pods are told apart where that is asked for', async () => {
  server.put(examplePod('a'), examplePod('b'))
  expect((await gantry('logs -l app=web')).written).toBe('line 1 of web\nline 2\nline 1 of web\nline 2\n')
  expect((await gantry('logs -l app=web --prefix')).written).toBe(
    '[pod/a/web] line 1 of web\n[pod/a/web] line 2\n[pod/b/web] line 1 of web\n[pod/b/web] line 2\n',
  )
})

test.each([
  ['get', 2, "missing required argument 'kinds'"],
  ['stauts', 2, "unknown command 'stauts'"],
  ['get podz', 1, 'the server doesn\'t have a resource type "podz"', 'did you mean pods?'],
  ['get pods -o toml', 2, '-o toml is not an output', 'use one of wide, yaml, json, name'],
  ['get pod/a/b', 2, 'pod/a/b does not name an object', 'write deploy/web svc/web'],
  ['get pods web -l app=web', 2, 'a name and a selector cannot be given together'],
  ['get pods web -A', 2, 'an object cannot be named across all namespaces', 'name its namespace with -n'],
  ['get pods,svc -w', 2, 'one kind or object can be watched at a time'],
  ['get pods -l a!b', 1, 'Error from server (BadRequest): cannot read "a!b" in a label selector'],
  ['logs', 2, 'no pod is named', 'write gantry logs POD or gantry logs deploy/web'],
  ['logs web --since soon', 2, '"soon" is not a span of time', 'write 90s, 5m or 1h30m'],
  ['logs web --tail some', 2, '--tail must be a number of lines, not some'],
  ['logs web --limit-bytes x', 2, '--limit-bytes must be a number of bytes, not x'],
  ['logs web --since 5m --since-time 2026-01-01T00:00:00Z', 2, 'at most one of --since-time and --since'],
  ['logs web --all-containers -c web', 2, '--all-containers=true should not be specified with container name'],
  ['exec web', 2, 'you must specify at least one command for the container', 'gantry exec POD -- COMMAND'],
  ['exec gone -- ls', 1, 'Error from server (NotFound): pods "gone" not found'],
  ['attach deploy/gone', 1, 'Error from server (NotFound): deployments.apps "gone" not found'],
  ['port-forward gone 80', 1, 'Error from server (NotFound): pods "gone" not found'],
  ['cp /etc/hostname /tmp/x', 2, 'one of source or destination must be a place in a pod'],
  ['cp web:/a web:/b', 2, 'one of source or destination must be a place in a pod'],
  ['logs svc/none', 1, 'Error from server (NotFound): services "none" not found'],
  ['events --for web', 2, '--for web does not name an object', 'write --for deploy/web'],
  ['rollback nope', 1, 'commit nope is not in the history; gantry history lists those that are'],
  ['status --token wrong', 1, 'does not take this token', 'it is in <data>/token'],
  ['status --server http://127.0.0.1:1', 3, 'cannot reach Gantry at http://127.0.0.1:1: nothing listens there'],
])('gantry %s ends with %i', async (line, exitCode, message, remedy = '') => {
  const failure = await failureOf(line)
  expect(failure).toMatchObject({ exitCode })
  expect(failure.message).toContain(message)
  expect(failure.remedy ?? '').toContain(remedy)
})

/** What main.ts makes of it. */
async function failureOf(line: string): Promise<{ exitCode: number; message: string; remedy?: string | undefined }> {
  // The last of a repeated option counts: the case's own options come after the common ones.
  const [command = '', ...rest] = line.split(' ')
  try {
    await createSilent().parseAsync([command, '--server', server.url, '--token', token, ...rest], { from: 'user' })
  } catch (error) {
    if (error instanceof CliError) return error
    if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2, message: error.message }
    throw error
  }
  throw new Error(`gantry ${line} should have failed`)
}

const ignore = (): void => undefined

function createSilent(): ReturnType<typeof createProgram> {
  const program = createProgram(() => Promise.resolve({ write: ignore, note: ignore, colors: pc.createColors(false) }))
  for (const command of [program, ...program.commands]) command.configureOutput({ writeOut: ignore, writeErr: ignore })
  return program
}
