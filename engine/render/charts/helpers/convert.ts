import { canonicalJson } from '../../../api/stable.ts'

/** A value as a template prints it; a list or a mapping as JSON. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? canonicalJson(value) : String(value)
}
