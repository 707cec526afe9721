export type Fields = Readonly<Record<string, unknown>>

/** The value as an object with fields; undefined for lists, scalars and null. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
