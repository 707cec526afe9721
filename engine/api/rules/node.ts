import { drainWords, parseDrain } from '../drain.ts'
import { drainAnnotation } from '../manifest.ts'
import { isConditionTaint } from '../node-taints.ts'
import { show } from '../report.ts'
import type { Node, PodDisruptionBudget } from '../types.ts'
import { type At, inside } from './rule.ts'
import { checkSelector } from './workload.ts'

export function checkNode({ metadata, spec }: Node, { path, report }: At): void {
  const drain = metadata.annotations?.[drainAnnotation]
  if (drain !== undefined && parseDrain(drain) === undefined) {
    report.error([...path, 'metadata', 'annotations', drainAnnotation], `must be ${drainWords}, not ${show(drain)}`)
  }
  const seen = new Set<string>()
  for (const [i, { key, effect }] of (spec.taints ?? []).entries()) {
    const place = [...path, 'spec', 'taints', i]
    if (isConditionTaint(key)) {
      report.warn([...place, 'key'], `is ${key}, which the cluster sets and lifts itself; it is left out`, {
        remedy: 'remove it',
      })
    }
    const id = `${key}:${effect}`
    if (seen.has(id)) report.error(place, `must be unique: another taint is ${id} too`)
    seen.add(id)
  }
}

export function checkDisruptionBudget({ spec }: PodDisruptionBudget, at: At): void {
  const here = inside(at, 'spec')
  if (spec.selector !== undefined) checkSelector(spec.selector, inside(here, 'selector'))
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    at.report.error([...here.path, 'maxUnavailable'], 'must not stand beside minAvailable', {
      target: 'key',
      remedy: 'keep one of minAvailable, maxUnavailable',
    })
  }
}
