import { expect, test } from 'vitest'
import type { PodSpec, Probe } from '../../engine/api/types.ts'
import type { ContainerStatusReport } from '../runtime/runtime.ts'
import { decide, type PodView } from './decide.ts'
import type { PodAction, StopContainer } from './decision.ts'
import { container, pod } from './fixtures.ts'
import type { Run } from './runs.ts'

const now = 1_000_000
const probe: Probe = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
}

type State = ContainerStatusReport['state']
const running: State = { kind: 'running', startedAt: 0 }
const created: State = { kind: 'created' }

function exited(exitCode: number): State {
  return { kind: 'exited', startedAt: 0, finishedAt: 1, exitCode, oomKilled: false }
}

/** A run that ended five seconds ago, where it ended. */
function run(
  name: string,
  { state = running, attempt = 0, lost = false }: { state?: State; attempt?: number; lost?: Run['lost'] } = {},
): Run {
  return {
    status: { id: `${name}-${attempt}`, podUid: 'uid-p', name, attempt, image: '', imageID: '', state },
    ...(state.kind === 'exited' && { endedAt: now - 5_000 }),
    lost,
  }
}

interface Case extends Partial<Omit<PodView, 'pod' | 'observed'>> {
  readonly name: string
  readonly spec?: Partial<PodSpec>
  readonly status?: object
  readonly runs?: readonly Run[]
  readonly sandbox?: 'ready' | 'broken' | 'none'
  readonly actions: readonly PodAction[]
  readonly waiting?: Readonly<Record<string, string>>
  readonly wakesIn?: number
}

function viewOf({ spec, status, runs = [], sandbox = 'ready', ...given }: Case): PodView {
  const byName = new Map<string, readonly Run[]>()
  for (const one of runs) byName.set(one.status.name, [...(byName.get(one.status.name) ?? []), one])
  return {
    pod: pod('p', { ...(spec && { spec }), ...(status && { status }) }),
    observed: {
      sandbox: sandbox === 'none' ? undefined : { ip: '10.0.0.2', ready: sandbox === 'ready' },
      runs: byName,
    },
    probes: () => ({ started: true, ready: true, unhealthy: undefined }),
    busy: new Map(),
    failures: new Map(),
    backoffs: new Map(),
    kills: new Map(),
    ending: undefined,
    volumesAreStale: false,
    now,
    ...given,
  }
}

const start = (name: string, attempt = 0, failedAt?: number): PodAction => ({
  kind: 'startContainer',
  container: name,
  attempt,
  ...(failedAt !== undefined && { failedAt }),
})
const stop = (
  name: string,
  because: 'ending' | 'liveness' | 'startup' | 'sandbox lost' | 'pod finished',
  graceSeconds = 30,
): StopContainer => ({
  kind: 'stopContainer',
  container: name,
  id: `${name}-0`,
  graceSeconds,
  because,
})
const two = { containers: [container('a'), container('b')] }
const init = { initContainers: [container('i'), container('j')], containers: [container('web')] }
const sidecar = {
  initContainers: [container('s', { restartPolicy: 'Always' }), container('i')],
  containers: [container('web')],
}
const ending = { at: now, graceSeconds: 7, remove: true }

const cases: readonly Case[] = [
  { name: 'makes the sandbox first', sandbox: 'none', actions: [{ kind: 'createSandbox' }] },
  { name: 'makes one sandbox at a time', sandbox: 'none', busy: new Map([['', 'createSandbox']]), actions: [] },
  { name: 'starts containers in order, one at a time', spec: two, actions: [start('a')] },
  { name: 'waits for the start before it', spec: two, busy: new Map([['a', 'pullImage']]), actions: [] },
  { name: 'starts the second once the first runs', spec: two, runs: [run('a')], actions: [start('b')] },
  {
    name: 'does not let a failing container hold up the next',
    spec: two,
    failures: new Map([
      ['a', { reason: 'ErrImagePull', message: 'no such image', failedAt: now, retryAt: now + 10_000 }],
    ]),
    actions: [start('b')],
    waiting: { a: 'ErrImagePull' },
    wakesIn: 10_000,
  },
  {
    name: 'a failed pull becomes a wait',
    failures: new Map([['web', { reason: 'ErrImagePull', message: '', failedAt: now - 2_000, retryAt: now + 8_000 }]]),
    actions: [],
    waiting: { web: 'ImagePullBackOff' },
    wakesIn: 8_000,
  },
  {
    name: 'takes up a start that was cut off',
    runs: [run('web', { state: created, attempt: 2 })],
    actions: [start('web', 2)],
  },
  { name: 'leaves alone what runs', runs: [run('web')], actions: [] },

  // Init containers
  { name: 'runs init containers one after the other', spec: init, actions: [start('i')] },
  { name: 'waits for an init container', spec: init, runs: [run('i')], actions: [] },
  {
    name: 'goes on to the next init container',
    spec: init,
    runs: [run('i', { state: exited(0) })],
    actions: [start('j')],
  },
  {
    name: 'goes on to the containers',
    spec: init,
    runs: [run('i', { state: exited(0) }), run('j', { state: exited(0) })],
    actions: [start('web')],
  },
  {
    name: 'starts a failed init container again',
    spec: init,
    runs: [run('i', { state: exited(1) })],
    actions: [start('i', 1, now - 5_000)],
  },
  {
    name: 'a failed init container ends a pod that never restarts',
    spec: { ...init, restartPolicy: 'Never' },
    runs: [run('i', { state: exited(1) })],
    actions: [],
  },
  { name: 'an init container that was cleaned up has done its part', spec: init, runs: [run('web')], actions: [] },
  {
    name: 'runs init containers again in a new sandbox',
    spec: init,
    runs: [
      run('i', { state: exited(0), lost: 'withSandbox' }),
      run('web', { state: exited(137), lost: 'withSandbox' }),
    ],
    actions: [start('i', 1)],
  },

  // Sidecars
  { name: 'starts a sidecar before the next init container', spec: sidecar, actions: [start('s')] },
  { name: 'goes on once the sidecar has started', spec: sidecar, runs: [run('s')], actions: [start('i')] },
  {
    name: 'waits for the startup probe of a sidecar',
    spec: sidecar,
    runs: [run('s')],
    probes: () => ({ started: false, ready: false, unhealthy: undefined }),
    actions: [],
  },
  {
    name: 'restarts a sidecar beside the containers',
    spec: sidecar,
    runs: [run('s', { state: exited(0) }), run('i', { state: exited(0) }), run('web')],
    actions: [start('s', 1, now - 5_000)],
  },
  {
    name: 'stops sidecars when the pod is done',
    spec: { ...sidecar, restartPolicy: 'Never' },
    runs: [run('s'), run('i', { state: exited(0) }), run('web', { state: exited(0) })],
    actions: [stop('s', 'pod finished')],
  },

  // Restarts
  {
    name: 'Always restarts after success',
    runs: [run('web', { state: exited(0) })],
    actions: [start('web', 1, now - 5_000)],
  },
  {
    name: 'OnFailure restarts after failure',
    spec: { restartPolicy: 'OnFailure' },
    runs: [run('web', { state: exited(1) })],
    actions: [start('web', 1, now - 5_000)],
  },
  {
    name: 'OnFailure leaves success',
    spec: { restartPolicy: 'OnFailure' },
    runs: [run('web', { state: exited(0) })],
    actions: [],
  },
  {
    name: 'Never restarts nothing',
    spec: { restartPolicy: 'Never' },
    runs: [run('web', { state: exited(1) })],
    actions: [],
  },
  {
    name: 'waits out the back-off',
    runs: [run('web', { state: exited(1) })],
    backoffs: new Map([['web', { delayMs: 10_000, updatedAt: now - 6_000 }]]),
    actions: [],
    waiting: { web: 'CrashLoopBackOff' },
    wakesIn: 5_000,
  },
  {
    name: 'forgets the back-off of a container that ran for long',
    runs: [run('web', { state: exited(1) })],
    backoffs: new Map([['web', { delayMs: 300_000, updatedAt: now - 700_000 }]]),
    actions: [start('web', 1, now - 5_000)],
  },
  {
    name: 'what was removed by hand is started again at once',
    runs: [run('web', { state: exited(137), lost: 'alone' })],
    backoffs: new Map([['web', { delayMs: 300_000, updatedAt: now - 6_000 }]]),
    actions: [start('web', 1)],
  },
  { name: 'nothing of a pod that has failed is started', status: { phase: 'Failed' }, sandbox: 'none', actions: [] },
  {
    name: 'removes runs that nobody can ask for',
    runs: [run('web', { attempt: 2 }), run('web', { attempt: 1, state: exited(1) }), run('web', { state: exited(1) })],
    actions: [{ kind: 'removeContainer', container: 'web', id: 'web-0' }],
  },

  // Probes
  {
    name: 'a failed liveness probe stops the container, with the grace of the probe',
    spec: { containers: [container('web', { livenessProbe: { ...probe, terminationGracePeriodSeconds: 3 } })] },
    runs: [run('web')],
    probes: () => ({ started: true, ready: true, unhealthy: 'liveness' }),
    actions: [stop('web', 'liveness', 3)],
  },
  {
    name: 'a failed startup probe stops the container',
    spec: { containers: [container('web', { startupProbe: probe })] },
    runs: [run('web')],
    probes: () => ({ started: false, ready: false, unhealthy: 'startup' }),
    actions: [stop('web', 'startup')],
  },

  // A sandbox that is lost
  {
    name: 'stops what runs on in a broken sandbox',
    sandbox: 'broken',
    runs: [run('web')],
    actions: [stop('web', 'sandbox lost')],
  },
  {
    name: 'then removes it',
    sandbox: 'broken',
    runs: [run('web', { state: exited(137) })],
    actions: [{ kind: 'removeSandbox' }],
  },
  {
    name: 'a pod that never restarts is not made again',
    spec: { restartPolicy: 'Never' },
    sandbox: 'none',
    runs: [run('web', { state: exited(137), lost: 'withSandbox' })],
    actions: [],
  },
  {
    name: 'but for one whose containers have not run yet',
    spec: { ...init, restartPolicy: 'Never' },
    sandbox: 'none',
    runs: [run('i', { state: exited(0), lost: 'withSandbox' })],
    actions: [{ kind: 'createSandbox' }],
  },
  {
    name: 'starts containers again in the new one',
    runs: [run('web', { state: exited(137), lost: 'withSandbox' })],
    actions: [start('web', 1)],
  },

  // The end
  {
    name: 'serves on while it drains',
    ending: { ...ending, at: now + 4_000 },
    runs: [run('web')],
    actions: [],
    wakesIn: 4_000,
  },
  {
    name: 'drains nothing where nothing runs',
    ending: { ...ending, at: now + 4_000 },
    sandbox: 'none',
    actions: [{ kind: 'release' }],
  },
  {
    name: 'a shorter grace shortens a stop that is under way',
    ending,
    runs: [run('web')],
    busy: new Map([['web', 'stopContainer']]),
    kills: new Map([['web-0', now + 20_000]]),
    actions: [{ ...stop('web', 'ending', 7), shortens: true }],
  },
  {
    name: 'a longer one does not lengthen it',
    ending,
    runs: [run('web')],
    busy: new Map([['web', 'stopContainer']]),
    kills: new Map([['web-0', now + 7_000]]),
    actions: [],
  },
  {
    name: 'restarts nothing while it drains',
    spec: two,
    ending: { ...ending, at: now + 4_000 },
    runs: [run('a'), run('b', { state: exited(1) })],
    actions: [],
    wakesIn: 4_000,
  },
  {
    name: 'stops all containers at once',
    spec: two,
    ending,
    runs: [run('a'), run('b')],
    actions: [stop('a', 'ending', 7), stop('b', 'ending', 7)],
  },
  {
    name: 'stops sidecars last',
    spec: sidecar,
    ending,
    runs: [run('s'), run('web')],
    actions: [stop('web', 'ending', 7)],
  },
  {
    name: 'then the sidecar',
    spec: sidecar,
    ending,
    runs: [run('s'), run('web', { state: exited(0) })],
    actions: [stop('s', 'ending', 7)],
  },
  { name: 'waits for a start that is under way', ending, busy: new Map([['web', 'startContainer']]), actions: [] },
  { name: 'abandons a pull', ending, busy: new Map([['web', 'pullImage']]), actions: [{ kind: 'removeSandbox' }] },
  {
    name: 'waits for containers to end',
    ending,
    runs: [run('web')],
    busy: new Map([['web', 'stopContainer']]),
    actions: [],
  },
  {
    name: 'removes the sandbox',
    ending,
    runs: [run('web', { state: exited(0) })],
    actions: [{ kind: 'removeSandbox' }],
  },
  { name: 'releases the rest', ending, sandbox: 'none', actions: [{ kind: 'release' }] },
  {
    name: 'tries again later what failed',
    ending,
    sandbox: 'none',
    failures: new Map([['', { reason: 'FailedKillPod', message: '', failedAt: now, retryAt: now + 1_000 }]]),
    actions: [],
    wakesIn: 1_000,
  },
  {
    name: 'past its deadline a pod is stopped and stays',
    ending: { ...ending, remove: false },
    runs: [run('web')],
    actions: [stop('web', 'ending', 7)],
  },
  {
    name: 'and nothing more is done',
    ending: { ...ending, remove: false },
    runs: [run('web', { state: exited(143) })],
    actions: [],
  },
]

test.each(cases)('$name', given => {
  const { actions, waiting, wakeAt } = decide(viewOf(given))
  expect({
    actions,
    waiting: Object.fromEntries([...waiting].map(([name, { reason }]) => [name, reason])),
    wakesIn: wakeAt === undefined ? undefined : wakeAt - now,
  }).toEqual({ actions: given.actions, waiting: given.waiting ?? {}, wakesIn: given.wakesIn })
})
