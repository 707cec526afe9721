/** A shape before defaulting: the named fields may still be missing. */
export type Given<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: T[P] }

/** Runs `act` on a field that is there, and leaves one that is not absent: `exactOptionalPropertyTypes` tells them apart. */
export function ifGiven<K extends string, T, U>(key: K, value: T | undefined, act: (value: T) => U): { [P in K]?: U } {
  const result: { [P in K]?: U } = {}
  if (value !== undefined) result[key] = act(value)
  return result
}
