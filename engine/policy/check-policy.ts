import { nearest } from '../api/nearest.ts'
import type { Problem } from '../api/problem.ts'
import { resources } from '../api/registry.ts'
import { Report, type FieldPath, type Locate } from '../api/report.ts'
import { starterRules, type ClusterPolicy, type PolicyMatch } from '../api/settings.ts'
import { ruleJudge } from './rule.ts'

/** What of a policy makes no sense, each in its place in gantry.yaml, whose contents (as they are written) are `value`. */
export function checkPolicy(
  { starter, registries, rules }: ClusterPolicy,
  { value, locate }: { readonly value: unknown; readonly locate: Locate },
): readonly Problem[] {
  const report = new Report({ value, locate, object: 'Cluster' })
  const error = (path: FieldPath, text: string, remedy?: string): void =>
    report.error(['spec', 'policy', ...path], text, remedy === undefined ? {} : { remedy })

  if (Object.hasOwn(starter, 'allowed-registries') && registries.length === 0) {
    error(['registries'], 'is required by the rule allowed-registries', 'list where images may come from')
  }
  const names = new Set<string>(starterRules)
  for (const [index, rule] of rules.entries()) {
    const at = ['rules', index]
    if (names.has(rule.name)) error([...at, 'name'], `is ${rule.name}, which is the name of another rule`, 'rename it')
    names.add(rule.name)
    if (rule.schema === undefined && (rule.validations ?? []).length === 0) {
      error(at, 'has neither validations nor a schema, so it asks for nothing', 'add validations')
    }
    if (rule.exclude !== undefined && Object.keys(rule.exclude).length === 0) {
      error([...at, 'exclude'], 'names nothing, and so would leave out everything', 'remove it')
    }
    for (const part of ['match', 'exclude'] as const) {
      for (const { path, kind, meant } of misspeltKinds(rule[part])) {
        error([...at, part, ...path], `is ${kind}, which Kubernetes does not have`, `did you mean ${meant}?`)
      }
    }
    ruleJudge(rule, (path, text) => error([...at, ...path], `makes no sense: ${text}`))
  }
  return report.problems
}

const knownKinds = new Set(resources.map(({ kind }) => kind))

/** A rule for a kind that there is not would never say so. Kinds with a group, and unlike all others, may be custom. */
function misspeltKinds({ kinds = [] }: PolicyMatch = {}): { path: FieldPath; kind: string; meant: string }[] {
  return kinds.flatMap((kind, index) => {
    if (kind === '*' || kind.includes('/') || knownKinds.has(kind)) return []
    const meant = nearest(kind, knownKinds)
    return meant === undefined ? [] : { path: ['kinds', index], kind, meant }
  })
}
