import { expect, test } from 'vitest'
import type { Pod, PodDisruptionBudget, PodStatus } from '../../api/types.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { deploymentObject, nodeObject, podObject } from '../../cluster/objects/objects.fixture.ts'
import { drain } from './drain.ts'

const env = { now: 0, newId: () => 'u1', random: () => 0 }
const a = nodeObject('a')

/** A pod as words: `web-1@a`, with `!` not ready, `~` pending, `-` told to stop, `.` without a controller. */
function pod(words: string): Pod {
  const [, name = '', node = '', signs = ''] = /^([\w-]+?)@(\w)(\W*)$/.exec(words) ?? []
  const ready = /[!~]/.test(signs) ? 'False' : 'True'
  const status: PodStatus = {
    phase: signs.includes('~') ? 'Pending' : 'Running',
    conditions: [{ type: 'Ready', status: ready }],
  }
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'set', controller: true }
  return podObject(name, {
    metadata: {
      ...(signs.includes('.') ? {} : { ownerReferences: [owner] }),
      ...(signs.includes('-') ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: node },
    status,
  })
}

function budget(name: string, spec: PodDisruptionBudget['spec']): PodDisruptionBudget {
  const selector = { matchLabels: { app: 'web' } }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'shop' },
    spec: { selector, ...spec },
  }
}

interface Case {
  readonly name: string
  readonly pods: string
  readonly budgets?: readonly PodDisruptionBudget['spec'][]
  readonly evicted: string
  readonly progress: string
}

const held = (name: string, budgetName = 'b0'): string =>
  `shop/${name}: PodDisruptionBudget ${budgetName} does not allow it now`

test.each<Case>([
  { name: 'no budget', pods: 'w1@a w2@a w3@b', evicted: 'w1 w2', progress: 'Evicting shop/w1; shop/w2' },
  { name: 'nothing there', pods: 'w1@b', evicted: '', progress: 'Drained nothing is left to evict' },
  {
    name: 'as many as the budget allows, counted down within one decision',
    pods: 'w1@a w2@a w3@a w4@b',
    budgets: [{ minAvailable: 2 }],
    evicted: 'w1 w2',
    progress: `Blocked ${held('w3')}`,
  },
  {
    name: 'what is on its way out already counts as away',
    pods: 'w1@a- w2@a w3@b',
    budgets: [{ minAvailable: 2 }],
    evicted: '',
    progress: `Blocked ${held('w2')}`,
  },
  {
    name: 'two budgets must both allow it',
    pods: 'w1@a w2@b',
    budgets: [{ minAvailable: 1 }, { maxUnavailable: 0 }],
    evicted: '',
    progress: `Blocked ${held('w1', 'b1')}`,
  },
  {
    name: 'a pod that does not run is nobody’s disruption',
    pods: 'w1@a~ w2@b',
    budgets: [{ minAvailable: 1 }],
    evicted: 'w1',
    progress: 'Evicting shop/w1',
  },
  {
    name: 'one that is not ready may go while enough others are',
    pods: 'w1@a! w2@b',
    budgets: [{ minAvailable: 1 }],
    evicted: 'w1',
    progress: 'Evicting shop/w1',
  },
  {
    name: 'and may not where they are not, for it might become ready',
    pods: 'w1@a! w2@b',
    budgets: [{ minAvailable: 2 }],
    evicted: '',
    progress: `Blocked ${held('w1')}`,
  },
  {
    name: 'unless the budget lets it',
    pods: 'w1@a! w2@b',
    budgets: [{ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }],
    evicted: 'w1',
    progress: 'Evicting shop/w1',
  },
  {
    name: 'a budget that selects nothing',
    pods: 'w1@a',
    budgets: [{ minAvailable: 1, selector: { matchLabels: { app: 'other' } } }],
    evicted: 'w1',
    progress: 'Evicting shop/w1',
  },
  {
    name: 'a bare pod stays, and holds up no other',
    pods: 'w1@a. w2@a',
    evicted: 'w2',
    progress: 'Blocked shop/w1: cannot delete Pods that declare no controller (use --force to override)',
  },
  {
    name: 'so many that not all are named',
    pods: 'w1@a- w2@a- w3@a- w4@a- w5@a- w6@a- w7@a-',
    evicted: '',
    progress: 'Evicting shop/w1; shop/w2; shop/w3; shop/w4; shop/w5; and 2 more',
  },
])('$name', ({ pods, budgets = [], evicted, progress }) => {
  const cluster = new Cluster({ startVersion: 0 })
  const set = {
    ...deploymentObject({ replicas: 4 }),
    kind: 'ReplicaSet' as const,
    metadata: { name: 'web-1', namespace: 'shop' },
  }
  const objects = [a, set, ...pods.split(' ').map(pod), ...budgets.map((spec, i) => budget(`b${i}`, spec))]
  cluster.apply(
    objects.map(object => ({ kind: 'put', object })),
    env,
  )
  const options = { force: false, deleteEmptydirData: false, gracePeriodSeconds: 7 }
  const { changes, condition } = drain(cluster, a, { options, leaving: new Set(), env })
  const told = changes.flatMap(change => (change.kind === 'put' ? [change.object as Pod] : []))
  expect(told.map(({ metadata }) => metadata.name).join(' ')).toBe(evicted)
  expect(told.map(({ metadata }) => metadata.deletionGracePeriodSeconds)).toEqual(told.map(() => 7))
  expect(`${condition.reason} ${condition.message}`).toBe(progress)
  expect(condition.status).toBe(progress.startsWith('Drained') ? 'True' : 'False')
})
