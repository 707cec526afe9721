/** Time as the core knows it: milliseconds since 1970 that never go backward, whatever is done to the machine's clock. */

/** Clocks of a cluster's machines may differ by so much without anybody being wrong. */
const tolerance = 60_000

/** What a person should know where the machine's clock is behind what was recorded; undefined where it is not. */
export function clockTrouble(recordedAt: number, now: number): string | undefined {
  if (recordedAt - now < tolerance) return undefined
  const [was, is] = [recordedAt, now].map(at => new Date(at).toISOString().replace('T', ' ').slice(0, 19))
  return (
    `this machine's clock says ${is} UTC, but the record goes on to ${was}; times go on from there. ` +
    'Set the clock right, then start Gantry again'
  )
}

/** @param notBefore the newest moment that an earlier start of the engine has seen. */
export function createClock(notBefore: number): () => number {
  const start = Math.max(Date.now(), notBefore)
  const origin = performance.now()
  return () => Math.floor(start + performance.now() - origin)
}
