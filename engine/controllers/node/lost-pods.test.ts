import { expect, test } from 'vitest'
import type { PodStatus, Toleration } from '../../api/types.ts'
import { podObject } from '../../cluster/objects/objects.fixture.ts'
import { lostPodVerdict, replaceAt, type Verdict } from './lost-pods.ts'
import { unreachableKey } from './readiness.ts'

const forever: Toleration = { key: unreachableKey, operator: 'Exists', effect: 'NoExecute' }
const everything: Toleration = { operator: 'Exists' }
const shortly: Toleration = { ...forever, tolerationSeconds: 5 }

interface Case {
  readonly name: string
  readonly ending?: boolean
  readonly phase?: PodStatus['phase']
  readonly tolerations?: readonly Toleration[]
  readonly mostNodesLost?: boolean
  /** Seconds since the node was lost. */
  readonly after?: number
  readonly verdict: Verdict
  /** When the pod is given up, in seconds. */
  readonly at: number
}

const cases: readonly Case[] = [
  { name: 'told to stop already', ending: true, verdict: 'forget', at: 30 },
  { name: 'has ended', phase: 'Succeeded', verdict: 'forget', at: 30 },
  { name: 'stays with its node for good', tolerations: [forever], verdict: 'forget', at: Infinity },
  { name: 'tolerates everything', tolerations: [everything], verdict: 'forget', at: Infinity },
  { name: 'most nodes are lost', mostNodesLost: true, verdict: 'wait', at: 30 },
  { name: 'its node may come back', after: 29, verdict: 'wait', at: 30 },
  { name: 'the default has passed', after: 30, verdict: 'evict', at: 30 },
  { name: 'its own limit has passed', tolerations: [shortly], after: 5, verdict: 'evict', at: 5 },
  { name: 'the shortest limit counts', tolerations: [forever, shortly], after: 4, verdict: 'wait', at: 5 },
  {
    name: 'a toleration of something else',
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
    after: 30,
    verdict: 'evict',
    at: 30,
  },
]

test.each(cases)(
  '$name',
  ({ ending, phase = 'Running', tolerations = [], mostNodesLost = false, after = 100, verdict, at }) => {
    const metadata = ending === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}
    const pod = podObject('web', { metadata, spec: { tolerations }, status: { phase } })
    const lost = { pod, taint: unreachableKey, since: 0, now: after * 1000, defaultSeconds: 30, mostNodesLost }
    expect({ verdict: lostPodVerdict(lost), at: replaceAt(lost) / 1000 }).toEqual({ verdict, at })
  },
)
