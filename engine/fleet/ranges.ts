import type { NetworkMode } from '../protocol/session.ts'

/** The address ranges of a cluster: every node gets a /24 of `pods`. */
export interface Ranges {
  readonly pods: string
  readonly services: string
}

/** An ordinary user can have addresses of 127.0.0.0/8 only. */
export const rangesOf: Readonly<Record<NetworkMode, Ranges>> = {
  bridged: { pods: '10.244.0.0/16', services: '10.96.0.0/16' },
  loopback: { pods: '127.244.0.0/16', services: '127.96.0.0/16' },
}

/** The first /24 of a /16 that is not taken. Throws where all 256 are. */
export function nextPodRange(pods: string, taken: ReadonlySet<string>): string {
  const [a, b] = pods.split('.')
  for (let third = 0; third < 256; third++) {
    const range = `${a}.${b}.${third}.0/24`
    if (!taken.has(range)) return range
  }
  throw new Error(`all 256 ranges of ${pods} belong to nodes; remove nodes that are gone`)
}
