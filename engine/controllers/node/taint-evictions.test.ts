import { expect, test } from 'vitest'
import { taintKeys } from '../../api/node-taints.ts'
import { toTime } from '../../api/time.ts'
import type { PodStatus, Taint, Toleration } from '../../api/types.ts'
import { podObject } from '../../cluster/objects/objects.fixture.ts'
import { evictAt, taintVerdict, type Verdict } from './taint-evictions.ts'

function taint(key: string, { at = 0, effect = 'NoExecute', value }: Partial<TaintAt> = {}): Taint {
  return { key, effect, timeAdded: toTime(at * 1000), ...(value === undefined ? {} : { value }) }
}
interface TaintAt {
  at: number
  effect: Taint['effect']
  value: string
}

const unreachable = taint(taintKeys.unreachable)
const forever: Toleration = { key: taintKeys.unreachable, operator: 'Exists', effect: 'NoExecute' }
const everything: Toleration = { operator: 'Exists' }
const shortly: Toleration = { ...forever, tolerationSeconds: 5 }

interface Case {
  readonly name: string
  readonly taints?: readonly Taint[]
  readonly tolerations?: readonly Toleration[]
  readonly ending?: boolean
  readonly pinned?: boolean
  readonly phase?: PodStatus['phase']
  readonly boundAt?: number
  readonly now?: number
  readonly verdict: Verdict
  /** When the pod is to leave, in seconds. */
  readonly at: number
}

const cases: readonly Case[] = [
  { name: 'told to stop already', ending: true, verdict: 'stay', at: 30 },
  { name: 'has ended', phase: 'Succeeded', verdict: 'stay', at: 30 },
  { name: 'bound to the node by the branch', pinned: true, verdict: 'stay', at: 30 },
  { name: 'stays with its node for good', tolerations: [forever], verdict: 'stay', at: Infinity },
  { name: 'tolerates everything', tolerations: [everything], verdict: 'stay', at: Infinity },
  { name: 'its node may come back', now: 29, verdict: 'wait', at: 30 },
  { name: 'the default has passed', now: 30, verdict: 'evict', at: 30 },
  {
    name: 'a node that says itself that it is not ready',
    taints: [taint(taintKeys.notReady)],
    verdict: 'evict',
    at: 20,
  },
  { name: 'its own limit has passed', tolerations: [shortly], now: 5, verdict: 'evict', at: 5 },
  { name: 'the shortest limit counts', tolerations: [forever, shortly], now: 4, verdict: 'wait', at: 5 },
  { name: 'no less than no time', tolerations: [{ ...forever, tolerationSeconds: -1 }], verdict: 'evict', at: 0 },
  { name: 'it tolerates something else', tolerations: [{ key: 'gpu', operator: 'Exists' }], verdict: 'evict', at: 30 },
  { name: 'a taint that it does not tolerate', taints: [taint('old', { at: 7 })], now: 7, verdict: 'evict', at: 7 },
  {
    name: 'one that only keeps pods away',
    taints: [taint('old', { effect: 'NoSchedule' })],
    verdict: 'stay',
    at: Infinity,
  },
  {
    name: 'one of a value that it tolerates',
    taints: [taint('tier', { value: 'b' })],
    tolerations: [{ key: 'tier', operator: 'Equal', value: 'b' }],
    verdict: 'stay',
    at: Infinity,
  },
  {
    name: 'one of another value',
    taints: [taint('tier', { value: 'b' })],
    tolerations: [{ key: 'tier', value: 'a' }],
    verdict: 'evict',
    at: 0,
  },
  {
    name: 'two taints: the first that it no longer tolerates',
    taints: [unreachable, taint('old', { at: 3 })],
    tolerations: [forever, { key: 'old', operator: 'Exists', tolerationSeconds: 10 }],
    now: 12,
    verdict: 'wait',
    at: 13,
  },
  { name: 'it came when the taint was there', boundAt: 90, verdict: 'wait', at: 120 },
]

test.each(cases)(
  '$name',
  ({ taints = [unreachable], tolerations = [], ending, pinned, phase = 'Running', ...given }) => {
    const metadata = {
      ...(ending === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(pinned === true ? { annotations: { 'gantry.dev/source': 'web.yaml' } } : {}),
    }
    const bound = {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: toTime((given.boundAt ?? 0) * 1000),
    } as const
    const pod = podObject('web', {
      metadata,
      spec: { tolerations, nodeName: 'a' },
      status: { phase, conditions: pinned === true ? [] : [bound] },
    })
    const defaults = { unreachableTolerationSeconds: 30, notReadyTolerationSeconds: 20 }
    const tainted = { pod, taints, now: (given.now ?? 100) * 1000, defaults }
    expect({ verdict: taintVerdict(tainted), at: evictAt(tainted) / 1000 }).toEqual({
      verdict: given.verdict,
      at: given.at,
    })
  },
)
