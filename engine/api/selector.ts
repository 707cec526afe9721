import type { Labels, LabelSelector, LabelSelectorRequirement } from './types.ts'

/**
 * Whether labels satisfy a selector. As in Kubernetes an absent selector matches nothing and an empty one everything.
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false
  return (
    matchesLabels(selector.matchLabels, labels) &&
    (selector.matchExpressions ?? []).every(requirement => satisfies(requirement, labels ?? {}))
  )
}

/** Whether `labels` holds every one of the required pairs; no requirement, no objection. */
export function matchesLabels(required: Labels | undefined, labels: Labels | undefined): boolean {
  return Object.entries(required ?? {}).every(([key, value]) => valueOf(labels ?? {}, key) === value)
}

/** `app=web`: every pair of labels. Whatever satisfies a selector is found under each pair that the selector asks for. */
export function labelPairs(labels: Labels | undefined): string[] {
  return Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`)
}

function satisfies({ key, operator, values = [] }: LabelSelectorRequirement, labels: Labels): boolean {
  const value = valueOf(labels, key)
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      // An object without the label is "not in" too.
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

const termPattern =
  /^\s*(?:(!?)\s*([^\s=!,()]+)|([^\s=!,()]+)\s*(==?|!=)\s*([^\s=!,()]*)|([^\s=!,()]+)\s+(in|notin)\s*\(([^()]*)\))\s*$/

/**
 * `-l a=b,c!=d,e in (x,y),f,!g` as a selector. Throws a RangeError that names the term which cannot be read.
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.trim() === '') return {}
  return { matchExpressions: splitTerms(text).map(readTerm) }
}

/** At commas, but not at those inside parentheses. */
function splitTerms(text: string): string[] {
  return text.split(/,(?![^()]*\))/)
}

function readTerm(term: string): LabelSelectorRequirement {
  const match = termPattern.exec(term)
  if (!match) {
    throw new RangeError(
      `cannot read "${term.trim()}" in a label selector; write a=b, a!=b, a in (x,y), a notin (x,y), a or !a`,
    )
  }
  const [, not, present, key, comparison, value, listKey, membership, list] = match
  if (present !== undefined) return { key: present, operator: not === '!' ? 'DoesNotExist' : 'Exists' }
  if (key !== undefined) return { key, operator: comparison === '!=' ? 'NotIn' : 'In', values: [value ?? ''] }
  const values = (list ?? '').split(',').map(item => item.trim())
  return { key: listKey ?? '', operator: membership === 'in' ? 'In' : 'NotIn', values }
}

/** One term of a field selector: `status.phase!=Running`. */
export interface FieldRequirement {
  readonly path: readonly string[]
  readonly op: '=' | '!='
  readonly value: string
}

/** `metadata.name=web,status.phase!=Running`. Throws a RangeError that names the term which cannot be read. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return text
    .split(',')
    .map(term => term.trim())
    .filter(term => term !== '')
    .map(term => {
      const match = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(term)
      if (!match)
        throw new RangeError(
          `cannot read "${term}" in a field selector; write metadata.name=web or status.phase!=Running`,
        )
      const [, path = '', op, value = ''] = match
      return { path: path.split('.'), op: op === '!=' ? '!=' : '=', value }
    })
}

/** Whether an object's fields satisfy every term; a field that is absent reads as ''. */
export function matchesFields(requirements: readonly FieldRequirement[], object: unknown): boolean {
  return requirements.every(({ path, op, value }) => (fieldText(object, path) === value) === (op === '='))
}

function fieldText(object: unknown, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    object,
  )
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
