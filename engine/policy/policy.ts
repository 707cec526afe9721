import { exemptAnnotation } from '../api/manifest.ts'
import { nearest } from '../api/nearest.ts'
import { fieldText, type FieldPath } from '../api/report.ts'
import { once } from '../api/once.ts'
import type { Problem } from '../api/problem.ts'
import { starterRules, type ClusterPolicy } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'
import { celValue } from './cel-value.ts'
import { ruleJudge } from './rule.ts'
import { starterJudge } from './starter.ts'
import type { Judge, Violation } from './violation.ts'

/** A violation of a rule, or a word about the object's exemptions, which no rule speaks. */
export interface Finding extends Violation {
  readonly severity: Problem['severity']
  readonly policy?: string
}

export function isEmptyPolicy({ starter, rules }: ClusterPolicy): boolean {
  return rules.length === 0 && Object.keys(starter).length === 0
}

/** Judges objects by all rules of a policy that was checked with the settings that hold it; tells of each rule when it begins. */
export function judgeBy(
  policy: ClusterPolicy,
  onRule: (name: string, object: KubeObject) => void = () => {},
): (object: KubeObject) => Finding[] {
  const rules = judgesOf(policy)
  const names = new Set([...starterRules, ...rules.map(({ name }) => name)])
  return object => {
    const seen = withoutValues(object)
    const exempt = exemptionsOf(object)
    const cel = once(celValue)
    const subject = { object: seen, cel: () => cel(seen) }
    const found = rules
      .filter(({ name }) => !exempt.includes(name))
      .flatMap(({ name, severity, judge }) => {
        onRule(name, object)
        return judge(subject).map(violation => ({
          ...violation,
          message: `${violation.message} (policy ${name})`,
          severity,
          policy: name,
        }))
      })
    return [...found, ...exempt.flatMap(name => (names.has(name) ? [] : unknownExemption(name, names)))]
  }
}

interface NamedJudge {
  readonly name: string
  readonly severity: Problem['severity']
  readonly judge: Judge
}

function judgesOf({ starter, registries, rules }: ClusterPolicy): NamedJudge[] {
  const starters = starterRules.flatMap(name => {
    const severity = Object.hasOwn(starter, name) ? starter[name] : undefined
    return severity === undefined ? [] : { name, severity, judge: starterJudge(name, { registries }) }
  })
  const own = rules.map(rule => ({
    name: rule.name,
    severity: rule.severity ?? 'error',
    judge: ruleJudge(rule, (path, text) => {
      throw new RangeError(`rule ${rule.name} was not checked: ${fieldText(path)}: ${text}`)
    }),
  }))
  return [...starters, ...own]
}

/** A rule sees which keys a Secret has, and not what stands under them: its message is written where all can read it. */
function withoutValues(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret') return object
  return { ...object, ...emptied(object, 'data'), ...emptied(object, 'stringData') }
}

function emptied(object: KubeObject, field: 'data' | 'stringData'): Partial<Record<typeof field, object>> {
  const values: unknown = Reflect.get(object, field)
  if (typeof values !== 'object' || values === null) return {}
  return { [field]: Object.fromEntries(Object.keys(values).map(key => [key, ''])) }
}

function exemptionsOf({ metadata }: KubeObject): string[] {
  const text = metadata.annotations?.[exemptAnnotation] ?? ''
  return text.split(',').flatMap(name => name.trim() || [])
}

function unknownExemption(name: string, known: Iterable<string>): Finding {
  const path: FieldPath = ['metadata', 'annotations', exemptAnnotation]
  const meant = nearest(name, known)
  return {
    path,
    severity: 'warning',
    message: `${fieldText(path)} names ${JSON.stringify(name)}, which is no rule of gantry.yaml`,
    remedy: meant === undefined ? 'remove it' : `did you mean ${meant}?`,
  }
}
