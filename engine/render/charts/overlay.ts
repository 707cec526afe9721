import { fieldOf, isFields, setField, type Fields } from '../kustomize/fields.ts'

/** Two mappings as one: what `upper` says counts, mappings are merged field by field, lists and texts replaced. */
export function overlay(lower: Fields, upper: Fields): Fields {
  const merged: Fields = {}
  for (const [name, value] of Object.entries(lower)) setField(merged, { name, value })
  for (const [name, value] of Object.entries(upper)) {
    const below = fieldOf(lower, name)
    setField(merged, { name, value: isFields(below) && isFields(value) ? overlay(below, value) : value })
  }
  return merged
}

/** Without the fields whose value is null, which is how one is taken away; those that `kept` has as null stay. */
export function withoutNulls(fields: Fields, kept: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const own = fieldOf(kept, name)
      if (value === null && own !== null) return []
      return [[name, isFields(value) ? withoutNulls(value, own) : value]]
    }),
  )
}
