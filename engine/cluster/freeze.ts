/** Freezes a JSON value to its leaves. What is frozen already is not looked into: shared parts cost nothing. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  // Without a list of the parts: a restart freezes every object there is.
  for (const key in value) freeze(value[key])
  return value
}
