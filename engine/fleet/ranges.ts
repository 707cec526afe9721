import type { NetworkMode } from '../protocol/session.ts'

/** The address ranges of a cluster: every node gets a /24 of `pods`. */
export interface Ranges {
  readonly pods: string
  readonly services: string
}

/**
 * An ordinary user can have addresses of 127.0.0.0/8 only, and shares them with every other program of the machine:
 * each cluster takes two of 64 ranges by its uid, so that two of them seldom meet.
 */
export function rangesOf(network: NetworkMode, clusterUid: string): Ranges {
  // Kubernetes's usual range, and the three after it: 1,024 nodes.
  if (network === 'bridged') return { pods: '10.244.0.0/14', services: '10.96.0.0/16' }
  const place = Number.parseInt(clusterUid.replaceAll('-', '').slice(0, 6), 16) % 64
  return { pods: `127.${128 + place}.0.0/16`, services: `127.${64 + place}.0.0/16` }
}

/** The first /24 of a /8 to /24 that is not taken. Throws where all are. */
export function nextPodRange(pods: string, taken: ReadonlySet<string>): string {
  const [address = '', length] = pods.split('/')
  const [a, second = 0, third = 0] = address.split('.').map(Number)
  const [first, count] = [second * 256 + third, 2 ** (24 - Number(length))]
  for (let place = first; place < first + count; place++) {
    const range = `${a}.${place >> 8}.${place & 255}.0/24`
    if (!taken.has(range)) return range
  }
  throw new Error(`all ${count} ranges of ${pods} belong to nodes; remove nodes that are gone`)
}
