import type { FieldPath } from './report.ts'

const steps = /\.([A-Za-z_$][\w$-]*)|\['([^'\\]+)'\]|\[(\d+)\]/gy

/**
 * `.spec.containers[0].image`, `.metadata.labels['app.kubernetes.io/name']`: what a CustomResourceDefinition's `fieldPath`
 * takes, with or without the first dot, and positions in lists. Undefined for anything else.
 */
export function parseFieldPath(text: string): FieldPath | undefined {
  const written = /^[.[]/.test(text) ? text : `.${text}`
  const found = [...written.matchAll(steps)]
  const length = found.reduce((sum, [step]) => sum + step.length, 0)
  if (length !== written.length) return undefined
  return found.map(([, name, quoted, index]) => name ?? quoted ?? Number(index))
}
