import type { LabelSelector, LabelSelectorRequirement } from '../../api/types.ts'

/** A selector as one writes it on a command line: `app=web,tier in (a,b),!old`; undefined where it selects everything. */
export function selectorText(selector: LabelSelector | undefined): string | undefined {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }))
  const expressions = (selector?.matchExpressions ?? []).map(expression => ({
    key: expression.key,
    text: requirementText(expression),
  }))
  const parts = [...labels, ...expressions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return parts.length === 0 ? undefined : parts.map(part => part.text).join(',')
}

function requirementText({ key, operator, values }: LabelSelectorRequirement): string {
  const set = `(${[...(values ?? [])].sort().join(',')})`
  switch (operator) {
    case 'In':
      return `${key} in ${set}`
    case 'NotIn':
      return `${key} notin ${set}`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
  }
}
