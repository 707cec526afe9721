/** Which nodes' certificates are taken back: all that were issued up to a moment. Kept in a file, for this user's eyes only. */
import { writeFileDurably } from '../../machine/files.ts'
import { isRecord, readJson } from '../../machine/json-file.ts'
import type { NodeName } from '../api/types.ts'

export interface Revocations {
  /** Certificates of the node that were issued up to then (milliseconds since 1970) count no more. */
  of(node: NodeName): number | undefined
  /** Resolves once it is kept: from then on no restart forgets it. */
  revoke(node: NodeName, now: number): Promise<void>
}

export async function openRevocations(file: string): Promise<Revocations> {
  const remedy = 'it says which nodes are shut out: restore it from a backup'
  const revoked = new Map<NodeName, number>(Object.entries((await readJson(file, { is: areMoments, remedy })) ?? {}))
  let last: Promise<unknown> = Promise.resolve()
  return {
    of: node => revoked.get(node),
    async revoke(node, now) {
      revoked.set(node, Math.max(now, revoked.get(node) ?? 0))
      const write = last.then(() =>
        writeFileDurably(file, `${JSON.stringify(Object.fromEntries(revoked))}\n`, { mode: 0o600 }),
      )
      last = write.catch(() => {})
      await write
    },
  }
}

function areMoments(value: unknown): value is Record<NodeName, number> {
  return isRecord(value) && Object.values(value).every(moment => typeof moment === 'number')
}
