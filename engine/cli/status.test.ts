import pc from 'picocolors'
import { expect, test } from 'vitest'
import type { ClusterStatus } from '../api/cluster-object.ts'
import { defaultSettings } from '../api/settings.ts'
import type { EngineStatus } from '../server/controls.ts'
import { deployment, node, pendingPod, pod } from '../server/objects.fixture.ts'
import type { StatusView } from './status.ts'
import { formatStatus } from './status.ts'

const now = Date.parse('2026-11-20T19:10:00Z')
const revision = { commit: '1234567890', tree: 't', subject: 'Greet louder', author: 'Ada', committedAt: 1 }
const problem = {
  severity: 'warning',
  file: 'shop/web.yaml',
  line: 4,
  column: 3,
  message: 'x is not acted on',
} as const

function engine(status: Partial<ClusterStatus> | undefined, more: Partial<EngineStatus> = {}): EngineStatus {
  return {
    version: '0.1.0',
    startedAt: '2026-11-20T19:00:00Z',
    clusterName: 'hello',
    source: { url: 'http://127.0.0.1:7420/git/hello.git', branch: 'main', fetchedAt: '2026-11-20T19:09:55Z' },
    record: { branch: 'observed/hello', commit: 'fedcba9876', pending: 0 },
    ...(status === undefined
      ? {}
      : {
          cluster: {
            apiVersion: 'gantry.dev/v1',
            kind: 'Cluster',
            metadata: { name: 'hello' },
            spec: defaultSettings.spec,
            status: { health: 'Healthy', unhealthy: [], problems: [], ...status },
          },
        }),
    ...more,
  }
}

const at = { creationTimestamp: '2026-11-20T19:08:00Z' }
const web = { ...deployment, metadata: { ...deployment.metadata, ...at } }
const done = { ...web, status: { ...web.status, availableReplicas: 2 } }

function show(view: Partial<StatusView> & { engine: EngineStatus }): string {
  const whole = { deployments: [], pods: [], nodes: [node], ...view }
  return formatStatus(whole, { now, colors: pc.createColors(false) })
}

test('all well', () => {
  const status = { revision, appliedAt: '2026-11-20T19:08:00Z', healthyAt: '2026-11-20T19:08:02Z' }
  expect(show({ engine: engine(status), deployments: [done], pods: [pod] })).toBe(
    `Cluster  hello ● Healthy for 118s
Commit   1234567 Greet louder (Ada)
Source   http://127.0.0.1:7420/git/hello.git main, read 5s ago
Record   observed/hello fedcba9
Nodes    1/1 ready

  WORKLOAD   AVAILABLE       PODS   AGE
● shop/web   2/2 available          2m
`,
  )
})

test('a refused commit, an outage of the record, and pods that are not well', () => {
  const error = {
    ...problem,
    severity: 'error',
    message: 'spec.replicas must be a whole number',
    remedy: 'write 3',
  } as const
  const status: Partial<ClusterStatus> = {
    revision,
    appliedAt: '2026-11-20T19:08:00Z',
    health: 'Degraded',
    unhealthy: ['Deployment shop/web: 1/2 available'],
    problems: [problem],
    refused: { revision: { ...revision, commit: 'bad0bad0', subject: 'Oops' }, verdict: 'rejected', problems: [error] },
    sourceProblem: 'the remote answered 500; it is tried again every 30 s',
  }
  const record = { branch: 'observed/hello', pending: 3, problem: 'the disk is full; free some space' }
  expect(show({ engine: engine(status, { record }), deployments: [web], pods: [pod, pendingPod] })).toBe(
    `Cluster  hello ✖ Degraded, applied 2m ago
Commit   1234567 Greet louder (Ada)
Source   http://127.0.0.1:7420/git/hello.git main, read 5s ago
Record   observed/hello, 3 changes wait to be recorded
Nodes    1/1 ready

✖ The newest commit bad0bad Oops (Ada) was rejected; the commit above stays applied
  shop/web.yaml:4:3: error: spec.replicas must be a whole number; write 3

✖ The source cannot be read: the remote answered 500; it is tried again every 30 s
✖ Recording fails, so nothing is changed meanwhile: the disk is full; free some space
✖ Deployment shop/web: 1/2 available

  WORKLOAD   AVAILABLE       PODS        AGE
◐ shop/web   1/2 available   1 Pending   2m

Warnings of the applied commit
  shop/web.yaml:4:3: warning: x is not acted on
`,
  )
})

test('before the first commit', () => {
  expect(show({ engine: engine(undefined), nodes: [] })).toBe(
    `Cluster  hello ○ Nothing applied yet
Commit   none yet; push one to http://127.0.0.1:7420/git/hello.git
Source   http://127.0.0.1:7420/git/hello.git main, read 5s ago
Record   observed/hello fedcba9
Nodes    none has joined
`,
  )
})
