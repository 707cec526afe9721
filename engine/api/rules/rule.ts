import type { FieldPath, Report } from '../report.ts'

/** What a rule about a part of an object gets: where that part stands, and where to say what is wrong. */
export interface At {
  readonly path: FieldPath
  readonly report: Report
}

export function inside({ path, report }: At, ...steps: FieldPath): At {
  return { path: [...path, ...steps], report }
}

/** Reports the second and later of the items that share a key; an item without one shares nothing. */
export function expectUnique<T>(
  items: readonly T[] | undefined,
  { at, field, key, what }: { at: At; field: string; key: (item: T) => string | undefined; what: string },
): void {
  const seen = new Set<string>()
  for (const [i, item] of (items ?? []).entries()) {
    const name = key(item)
    if (name === undefined) continue
    if (seen.has(name))
      at.report.error([...at.path, i, field], `must be unique: another ${what} has ${JSON.stringify(name)} too`)
    seen.add(name)
  }
}

/** Reports a choice of fields of which not exactly one is set. */
export function expectOne(
  value: object,
  { at, fields, what }: { at: At; fields: readonly string[]; what: string },
): void {
  const set = fields.filter(field => Object.hasOwn(value, field))
  if (set.length === 1) return
  const [, second] = set
  if (second === undefined) at.report.error(at.path, `must have ${what}`, { remedy: `add one of ${fields.join(', ')}` })
  else
    at.report.error([...at.path, second], `must not stand beside ${set[0]}`, {
      target: 'key',
      remedy: `keep one of ${set.join(', ')}`,
    })
}
