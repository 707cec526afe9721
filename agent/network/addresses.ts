/** Which pod has which address, kept on disk: an address outlives the agent and is never given twice. */
import { dirname } from 'node:path'
import type { Uid } from '../../engine/api/types.ts'
import { makePrivateFolder, writeFileDurably } from '../../machine/files.ts'
import { readJson } from '../../machine/json-file.ts'
import { addressAt, parseAddress, type Cidr } from './cidr.ts'

export interface Addresses {
  allocate(podUid: Uid): Promise<string>
  release(podUid: Uid): Promise<void>
  /** Pods that hold an address. */
  holders(): ReadonlySet<Uid>
}

interface Kept {
  /** Offset of the address that was given last: the next one is searched after it, so that a freed one rests a while. */
  readonly last: number
  readonly pods: Readonly<Record<Uid, string>>
}

/** The range's own address, the gateway's, and the broadcast address are nobody's. */
const firstOffset = 2

export async function openAddresses(options: { file: string; range: Cidr }): Promise<Addresses> {
  const { file, range } = options
  await makePrivateFolder(dirname(file))
  const remedy = "it says which pod has which address: stop this node's pods, then remove it"
  let kept = (await readJson(file, { is: isKept, remedy })) ?? { last: firstOffset - 1, pods: {} }
  let queue: Promise<unknown> = Promise.resolve()

  /** One change after another, each on disk before it counts. */
  function change<T>(decide: () => { kept: Kept; result: T }): Promise<T> {
    const done = queue.then(async () => {
      const { kept: changed, result } = decide()
      if (changed !== kept) await writeFileDurably(file, JSON.stringify(changed), { mode: 0o600 })
      kept = changed
      return result
    })
    queue = done.catch(() => {})
    return done
  }

  return {
    allocate: podUid =>
      change(() => {
        const held = kept.pods[podUid]
        if (held !== undefined && isWithin(range, held)) return { kept, result: held }
        const offset = freeOffset(range, kept)
        const address = addressAt(range, offset)
        return { kept: { last: offset, pods: { ...kept.pods, [podUid]: address } }, result: address }
      }),
    release: podUid =>
      change(() => {
        if (kept.pods[podUid] === undefined) return { kept, result: undefined }
        const { [podUid]: _, ...pods } = kept.pods
        return { kept: { ...kept, pods }, result: undefined }
      }),
    holders: () => new Set(Object.keys(kept.pods)),
  }
}

function freeOffset(range: Cidr, kept: Kept): number {
  const usable = range.size - firstOffset - 1
  const taken = new Set(Object.values(kept.pods))
  for (let step = 1; step <= usable; step++) {
    const offset = firstOffset + ((Math.max(kept.last, firstOffset - 1) - firstOffset + step + usable) % usable)
    if (!taken.has(addressAt(range, offset))) return offset
  }
  throw new Error(
    `no address is left for another pod: all ${Math.max(usable, 0)} of the node's range from ${addressAt(range, 0)} are taken; ` +
      'give the node a wider podCIDR or run fewer pods on it',
  )
}

function isWithin(range: Cidr, address: string): boolean {
  const number = parseAddress(address)
  return number !== undefined && number >= range.base && number < range.base + range.size
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null || !('last' in value) || !('pods' in value)) return false
  if (typeof value.last !== 'number' || typeof value.pods !== 'object' || value.pods === null) return false
  return Object.values(value.pods).every(address => typeof address === 'string')
}
