import { expect, test } from 'vitest'
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../../api/types.ts'
import { examplePod } from '../server.fixture.ts'
import { podPrinter } from './pod.ts'

const now = Date.parse('2026-11-20T19:10:00Z')
const time = '2026-11-20T19:00:00Z'

function container(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name, state, ready: state.running !== undefined, restartCount: 0, image: 'i', imageID: 'i', ...more }
}

const running: ContainerState = { running: { startedAt: time } }
const ended = (exitCode: number, reason: string, signal?: number): ContainerState => ({
  terminated: { exitCode, reason, startedAt: time, finishedAt: time, ...(signal === undefined ? {} : { signal }) },
})

/** READY, STATUS, RESTARTS. */
function cells(status: PodStatus, change: (pod: Pod) => Pod = pod => pod): unknown {
  const pod = change({ ...examplePod('web-1'), status })
  return podPrinter.cells(pod, now).slice(1, 4)
}

function initContainer(name: string, isSidecar: boolean): Container {
  const [main] = examplePod('any').spec.containers
  if (main === undefined) throw new Error('the example pod has a container')
  return isSidecar ? { ...main, name, restartPolicy: 'Always' } : { ...main, name }
}

const withInit =
  (...sidecars: string[]) =>
  (pod: Pod): Pod => {
    const initContainers = ['first', 'second'].map(name => initContainer(name, sidecars.includes(name)))
    return { ...pod, spec: { ...pod.spec, initContainers } }
  }
const deleted = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: time } })
const initialized = [{ type: 'Initialized', status: 'True' }] as const

test.each<[string, PodStatus, unknown, ((pod: Pod) => Pod)?]>([
  ['a pending pod', { phase: 'Pending' }, ['0/1', 'Pending', '0']],
  [
    'a running pod',
    { phase: 'Running', conditions: initialized, containerStatuses: [container('web', running)] },
    ['1/1', 'Running', '0'],
  ],
  [
    'a container that waits',
    {
      phase: 'Running',
      conditions: initialized,
      containerStatuses: [
        container(
          'web',
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 3, lastState: ended(1, 'Error') },
        ),
      ],
    },
    ['0/1', 'CrashLoopBackOff', '3 (10m ago)'],
  ],
  [
    'a container that ended by a signal',
    { phase: 'Failed', conditions: initialized, containerStatuses: [container('web', ended(137, '', 9))] },
    ['0/1', 'Signal:9', '0'],
  ],
  [
    'a container that ended without a reason',
    { phase: 'Failed', conditions: initialized, containerStatuses: [container('web', ended(3, ''))] },
    ['0/1', 'ExitCode:3', '0'],
  ],
  [
    'one completed beside one that runs, not ready',
    {
      phase: 'Running',
      conditions: initialized,
      containerStatuses: [container('web', ended(0, 'Completed')), container('side', running)],
    },
    ['1/1', 'NotReady', '0'],
  ],
  [
    'an init container at work',
    {
      phase: 'Pending',
      initContainerStatuses: [container('first', ended(0, 'Completed')), container('second', running)],
      containerStatuses: [container('web', { waiting: { reason: 'PodInitializing' } })],
    },
    ['0/1', 'Init:1/2', '0'],
    withInit(),
  ],
  [
    'an init container that failed',
    { phase: 'Pending', initContainerStatuses: [container('first', ended(2, 'Error'), { restartCount: 2 })] },
    ['0/1', 'Init:Error', '2'],
    withInit(),
  ],
  [
    'an init container that waits',
    { phase: 'Pending', initContainerStatuses: [container('first', { waiting: { reason: 'ErrImagePull' } })] },
    ['0/1', 'Init:ErrImagePull', '0'],
    withInit(),
  ],
  [
    'a sidecar counts as a container',
    {
      phase: 'Running',
      conditions: initialized,
      initContainerStatuses: [
        container('first', ended(0, 'Completed')),
        container('second', running, { started: true }),
      ],
      containerStatuses: [container('web', running)],
    },
    ['2/2', 'Running', '0'],
    withInit('second'),
  ],
  [
    'being stopped',
    { phase: 'Running', conditions: initialized, containerStatuses: [container('web', running)] },
    ['1/1', 'Terminating', '0'],
    deleted,
  ],
  ['on a lost node', { phase: 'Running', reason: 'NodeLost' }, ['0/1', 'Unknown', '0'], deleted],
  ['evicted', { phase: 'Failed', reason: 'Evicted' }, ['0/1', 'Evicted', '0']],
])('%s', (_, status, expected, change) => {
  expect(cells(status, change)).toEqual(expected)
})
