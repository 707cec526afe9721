import { expect, test } from 'vitest'
import type { PodSpec, PodStatus } from '../../engine/api/types.ts'
import type { ContainerStatusReport } from '../runtime/runtime.ts'
import { container, pod } from './fixtures.ts'
import type { Run } from './runs.ts'
import { podStatus, type StatusView } from './status.ts'

const second = 1000
const startedAt = Date.UTC(2026, 10, 20, 19, 8, 9)
const time = '2026-11-20T19:08:20Z'

function run(
  name: string,
  state: ContainerStatusReport['state'],
  { attempt = 0, lost = false }: { attempt?: number; lost?: Run['lost'] } = {},
): Run {
  return {
    status: { id: `${name}-${attempt}`, podUid: 'uid-p', name, attempt, image: 'app:1', imageID: 'sha256:1', state },
    lost,
  }
}

const running: ContainerStatusReport['state'] = { kind: 'running', startedAt }
function exited(exitCode: number, oomKilled = false): ContainerStatusReport['state'] {
  return { kind: 'exited', startedAt, finishedAt: startedAt + 2 * second, exitCode, oomKilled }
}

interface Given extends Partial<Omit<StatusView, 'pod' | 'observed'>> {
  readonly spec?: Partial<PodSpec>
  readonly held?: object
  readonly runs?: readonly Run[]
  readonly sandbox?: boolean
}

function statusOf({ spec, held, runs = [], sandbox = true, ...rest }: Given): PodStatus {
  const byName = new Map<string, readonly Run[]>()
  for (const one of runs) byName.set(one.status.name, [...(byName.get(one.status.name) ?? []), one])
  return podStatus({
    pod: pod('p', { ...(spec && { spec }), ...(held && { status: held }) }),
    observed: { sandbox: sandbox ? { ip: '10.0.0.2', ready: true } : undefined, runs: byName },
    probes: () => ({ started: true, ready: true, unhealthy: undefined }),
    waiting: new Map(),
    previous: undefined,
    failure: undefined,
    unready: undefined,
    hostIP: '192.0.2.1',
    idPrefix: 'process://',
    time,
    ...rest,
  })
}

test('a pod that runs, in full', () => {
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-11-20T19:08:00Z' }
  expect(statusOf({ runs: [run('web', running)], held: { conditions: [scheduled] } })).toEqual({
    phase: 'Running',
    conditions: [
      { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: time },
      { type: 'Initialized', status: 'True', lastTransitionTime: time },
      { type: 'Ready', status: 'True', lastTransitionTime: time },
      { type: 'ContainersReady', status: 'True', lastTransitionTime: time },
      scheduled,
    ],
    hostIP: '192.0.2.1',
    podIP: '10.0.0.2',
    podIPs: [{ ip: '10.0.0.2' }],
    startTime: time,
    containerStatuses: [
      {
        name: 'web',
        state: { running: { startedAt: '2026-11-20T19:08:09Z' } },
        ready: true,
        started: true,
        restartCount: 0,
        image: 'app:1',
        imageID: 'sha256:1',
        containerID: 'process://web-0',
      },
    ],
    qosClass: 'BestEffort',
  })
})

/** The parts that a case is about. */
function summary({ phase, reason, conditions = [], initContainerStatuses = [], containerStatuses = [] }: PodStatus) {
  const condition = (type: string) => {
    const found = conditions.find(one => one.type === type)
    return found?.reason === undefined ? found?.status : `${found.status} ${found.reason}`
  }
  return {
    phase: reason === undefined ? phase : `${phase} ${reason}`,
    initialized: condition('Initialized'),
    ready: condition('Ready'),
    containers: [...initContainerStatuses, ...containerStatuses].map(({ name, state, lastState, restartCount }) =>
      [
        name,
        describe(state),
        ...(lastState ? [`after ${describe(lastState)}`] : []),
        ...(restartCount ? [restartCount] : []),
      ].join(' '),
    ),
  }
}

function describe({ waiting, terminated }: NonNullable<PodStatus['containerStatuses']>[number]['state']): string {
  if (waiting) return waiting.reason
  return terminated ? `${terminated.reason} ${terminated.exitCode}` : 'running'
}

const never: Partial<PodSpec> = { restartPolicy: 'Never' }
const init: Partial<PodSpec> = { initContainers: [container('i')] }
const two: Partial<PodSpec> = { containers: [container('a'), container('b')] }
const unready = 'False ContainersNotReady'

interface Case extends Given {
  readonly name: string
  readonly is: ReturnType<typeof summary>
}

const cases: readonly Case[] = [
  {
    name: 'nothing yet',
    sandbox: false,
    is: { phase: 'Pending', initialized: 'True', ready: unready, containers: ['web ContainerCreating'] },
  },
  {
    name: 'init container to come',
    spec: init,
    is: {
      phase: 'Pending',
      initialized: 'False ContainersNotInitialized',
      ready: unready,
      containers: ['i PodInitializing', 'web PodInitializing'],
    },
  },
  {
    name: 'init container runs',
    spec: init,
    runs: [run('i', running)],
    is: {
      phase: 'Pending',
      initialized: 'False ContainersNotInitialized',
      ready: unready,
      containers: ['i running', 'web PodInitializing'],
    },
  },
  {
    name: 'init container done',
    spec: init,
    runs: [run('i', exited(0))],
    is: {
      phase: 'Pending',
      initialized: 'True',
      ready: unready,
      containers: ['i Completed 0', 'web ContainerCreating'],
    },
  },
  {
    name: 'init container failed for good',
    spec: { ...init, ...never },
    runs: [run('i', exited(2))],
    is: {
      phase: 'Failed',
      initialized: 'False ContainersNotInitialized',
      ready: 'False PodFailed',
      containers: ['i Error 2', 'web PodInitializing'],
    },
  },
  {
    name: 'one of two runs, the other waits',
    spec: two,
    runs: [run('a', running)],
    waiting: new Map([['b', { reason: 'ErrImagePull' }]]),
    is: { phase: 'Pending', initialized: 'True', ready: unready, containers: ['a running', 'b ErrImagePull'] },
  },
  {
    name: 'crash loop',
    runs: [run('web', exited(1), { attempt: 2 }), run('web', exited(1), { attempt: 1 })],
    waiting: new Map([['web', { reason: 'CrashLoopBackOff' }]]),
    is: { phase: 'Running', initialized: 'True', ready: unready, containers: ['web CrashLoopBackOff after Error 1 2'] },
  },
  {
    name: 'runs again',
    runs: [run('web', running, { attempt: 1 }), run('web', exited(137, true))],
    is: { phase: 'Running', initialized: 'True', ready: 'True', containers: ['web running after OOMKilled 137 1'] },
  },
  {
    name: 'removed by hand',
    runs: [run('web', exited(137), { lost: 'alone' })],
    is: {
      phase: 'Running',
      initialized: 'True',
      ready: unready,
      containers: ['web ContainerCreating after Error 137'],
    },
  },
  {
    name: 'succeeded',
    spec: never,
    runs: [run('web', exited(0))],
    is: {
      phase: 'Succeeded',
      initialized: 'True PodCompleted',
      ready: 'False PodCompleted',
      containers: ['web Completed 0'],
    },
  },
  {
    name: 'failed',
    spec: never,
    runs: [run('web', exited(1))],
    is: { phase: 'Failed', initialized: 'True', ready: 'False PodFailed', containers: ['web Error 1'] },
  },
  {
    name: 'failed, and to be tried again',
    spec: { restartPolicy: 'OnFailure' },
    runs: [run('web', exited(1))],
    is: { phase: 'Running', initialized: 'True', ready: unready, containers: ['web Error 1'] },
  },
  {
    name: 'past its deadline, still running',
    runs: [run('web', running)],
    failure: { reason: 'DeadlineExceeded', message: '' },
    is: { phase: 'Running', initialized: 'True', ready: 'True', containers: ['web running'] },
  },
  {
    name: 'past its deadline',
    runs: [run('web', exited(143))],
    failure: { reason: 'DeadlineExceeded', message: '' },
    is: {
      phase: 'Failed DeadlineExceeded',
      initialized: 'True',
      ready: 'False PodFailed',
      containers: ['web Error 143'],
    },
  },
  {
    name: 'not ready by its probe',
    runs: [run('web', running)],
    probes: () => ({ started: true, ready: false, unhealthy: undefined }),
    is: { phase: 'Running', initialized: 'True', ready: unready, containers: ['web running'] },
  },
  {
    name: 'ready but for its sockets',
    runs: [run('web', running)],
    unready: { reason: 'ListensOnEveryAddress', message: '' },
    is: { phase: 'Running', initialized: 'True', ready: 'False ListensOnEveryAddress', containers: ['web running'] },
  },
  {
    name: 'restart counts outlive what the runtime forgot',
    held: { containerStatuses: [{ name: 'web', restartCount: 4 }] },
    previous: {
      phase: 'Running',
      containerStatuses: [{ name: 'web', restartCount: 4, state: {}, ready: false, image: '', imageID: '' }],
    },
    is: { phase: 'Pending', initialized: 'True', ready: unready, containers: ['web ContainerCreating 4'] },
  },
]

test.each(cases)('$name', ({ is, ...given }) => {
  expect(summary(statusOf(given))).toEqual(is)
})

test('a condition keeps its time until it changes', () => {
  const previous = statusOf({ runs: [run('web', running)] })
  const later = statusOf({ previous, time: '2026-11-20T20:00:00Z', runs: [run('web', exited(1))] })
  expect(later.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
    ['PodReadyToStartContainers', time],
    ['Initialized', time],
    ['Ready', '2026-11-20T20:00:00Z'],
    ['ContainersReady', '2026-11-20T20:00:00Z'],
  ])
})

test('what has succeeded or failed changes no more', () => {
  const previous = statusOf({ spec: never, runs: [run('web', exited(0))] })
  expect(statusOf({ previous, sandbox: false, time: '2026-11-20T20:00:00Z' })).toBe(previous)
})
