import { parseFieldPath } from '../api/field-path.ts'
import { once } from '../api/once.ts'
import type { FieldPath } from '../api/report.ts'
import type { PolicyRule } from '../api/settings.ts'
import { compile, type CompileOptions, type Expression, type Outcome, type Scope } from './cel.ts'
import { schemaJudge } from './json-schema.ts'
import { isAbout } from './match.ts'
import type { Judge, Violation } from './violation.ts'

/** Told of each part of a rule that makes no sense: where it stands in the rule, and what is wrong with it. */
export type OnMistake = (path: FieldPath, text: string) => void

/** What a rule asks for, ready to judge objects by. What of it makes no sense is told, and judges nothing. */
export function ruleJudge(rule: PolicyRule, onMistake: OnMistake): Judge {
  const names = (rule.variables ?? []).map(({ name }) => name)
  const expression = (path: FieldPath, { text, ...options }: { text: string } & CompileOptions) =>
    attempt(() => compile(text, options), { path, onMistake })
  const conditions = (rule.matchConditions ?? []).map(({ name, expression: text }, index) => ({
    name,
    // As in Kubernetes, conditions are looked at before there are variables.
    holds: expression(['matchConditions', index, 'expression'], { text, gives: 'bool', variables: [] }),
  }))
  const variables = (rule.variables ?? []).map(({ name, expression: text }, index) => {
    const known = names.slice(0, index)
    return { name, read: expression(['variables', index, 'expression'], { text, gives: undefined, variables: known }) }
  })
  const validations = (rule.validations ?? []).map(
    ({ expression: text, message, messageExpression, fieldPath }, index) => {
      const path = ['validations', index] as const
      return {
        text,
        holds: expression([...path, 'expression'], { text, gives: 'bool', variables: names }),
        words:
          messageExpression === undefined
            ? undefined
            : expression([...path, 'messageExpression'], {
                text: messageExpression,
                gives: 'string',
                variables: names,
              }),
        message,
        path: parseFieldPath(fieldPath ?? '') ?? [],
      }
    },
  )
  const schema =
    rule.schema === undefined ? undefined : attempt(() => schemaJudge(rule.schema), { path: ['schema'], onMistake })

  return subject => {
    if (!isAbout(rule, subject.object)) return []
    const before: Scope = { object: subject.cel(), variables: {} }
    const met = conditions.map(({ name, holds }) => ({ name, outcome: holds?.(before) ?? { value: true } }))
    if (met.some(({ outcome }) => 'value' in outcome && outcome.value !== true)) return []
    const failed = met.flatMap(({ name, outcome }) =>
      'failure' in outcome ? unjudged(`the condition ${name}`, outcome.failure) : [],
    )
    // As with failurePolicy: Fail, what cannot be judged is refused.
    if (failed.length > 0) return failed
    const scope: Scope = { ...before, variables: lazily(variables, before) }
    const broken = validations.flatMap(validation => validate(validation, scope))
    return [...broken, ...(schema?.(subject) ?? [])]
  }
}

interface Validation {
  readonly text: string
  readonly holds: Expression | undefined
  readonly words: Expression | undefined
  readonly message: string | undefined
  readonly path: FieldPath
}

function validate({ text, holds, words, message, path }: Validation, scope: Scope): Violation[] {
  const outcome = holds?.(scope) ?? { value: true }
  if ('failure' in outcome) return [{ ...unjudged(short(text), outcome.failure), path }]
  if (outcome.value === true) return []
  const said = textOf(words?.(scope)) ?? message ?? `failed expression: ${short(text)}`
  return [{ message: said, path }]
}

/** As in Kubernetes, a messageExpression that fails, or gives nothing or several lines, gives way to the message. */
function textOf(outcome: Outcome | undefined): string | undefined {
  const text = outcome !== undefined && 'value' in outcome ? String(outcome.value).trim() : ''
  return text === '' || text.includes('\n') ? undefined : text
}

function unjudged(what: string, failure: string): Violation {
  const remedy = 'give the object what is read, or ask in the rule with has() whether it is there'
  return { message: `the object cannot be judged by ${what}: ${failure}`, remedy, path: [] }
}

const longestShown = 100

function short(expression: string): string {
  const line = expression.trim().replace(/\s+/g, ' ')
  return line.length > longestShown ? `${line.slice(0, longestShown)}…` : line
}

/** The variables, each evaluated when first read, with those before it. One that fails fails what reads it. */
function lazily(
  variables: readonly { readonly name: string; readonly read: Expression | undefined }[],
  { object }: Scope,
): object {
  let values = {}
  for (const { name, read } of variables) {
    const earlier: Scope = { object, variables: values }
    const outcome = once((scope: Scope) => read?.(scope) ?? { failure: 'its expression makes no sense' })
    const get = (): unknown => {
      const found = outcome(earlier)
      if ('failure' in found) throw new RangeError(`variables.${name}: ${found.failure}`)
      return found.value
    }
    values = Object.defineProperties(
      {},
      { ...Object.getOwnPropertyDescriptors(values), [name]: { enumerable: true, get } },
    )
  }
  return values
}

function attempt<T>(act: () => T, { path, onMistake }: { path: FieldPath; onMistake: OnMistake }): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    onMistake(path, error.message)
    return undefined
  }
}
