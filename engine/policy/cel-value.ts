/**
 * A JSON value as CEL reads it: whole numbers are integers, and objects are maps, so that no name in them (`__proto__`,
 * `constructor`) reaches anything but what was written under it.
 */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(celValue)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([name, field]) => [name, celValue(field)]))
}
