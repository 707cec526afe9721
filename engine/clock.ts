/** Time as the core knows it: milliseconds since 1970 that never go backward, whatever is done to the machine's clock. */

/** @param notBefore the newest moment that an earlier start of the engine has seen. */
export function createClock(notBefore: number): () => number {
  const start = Math.max(Date.now(), notBefore)
  const origin = performance.now()
  return () => Math.floor(start + performance.now() - origin)
}
