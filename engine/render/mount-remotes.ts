import type { Problem } from '../api/problem.ts'
import { RemoteFailure } from '../remotes/failure.ts'
import type { FileTree } from '../remotes/file-tree.ts'
import { type Lock, emptyLock, lockFile, maxLockBytes, readLock } from '../remotes/lock.ts'
import { type Mounted, mount } from '../remotes/mount.ts'
import type { Remotes } from '../remotes/remotes.ts'

/** A commit's tree with what its lock names, and what is wrong with the lock. */
export async function mountRemotes(
  source: FileTree,
  { remotes, hosts }: { readonly remotes: Remotes | undefined; readonly hosts: readonly string[] },
): Promise<Mounted & { readonly problems: readonly Problem[] }> {
  if (remotes === undefined) return { ...source, places: new Map(), isPassing: false, problems: [] }
  const { lock, problems } = await lockOfCommit(source)
  return { ...(await mount(source, { remotes, lock, hosts })), problems }
}

async function lockOfCommit({ objects, tree }: FileTree): Promise<{ lock: Lock; problems: readonly Problem[] }> {
  const entry = (await objects.readTree(tree)).find(({ name }) => name === lockFile)
  if (entry?.kind !== 'file' && entry?.kind !== 'executable') return { lock: emptyLock, problems: [] }
  try {
    const isLarge = (await objects.blobSize(entry.oid)) > maxLockBytes
    return { lock: readLock(isLarge ? tooLarge : String(await objects.readBlob(entry.oid))), problems: [] }
  } catch (error) {
    if (!(error instanceof RemoteFailure)) throw error
    return { lock: emptyLock, problems: [error.at({ file: lockFile, line: 0, column: 0 })] }
  }
}

/** As good as the lock itself: neither is read. */
const tooLarge = ' '.repeat(maxLockBytes + 1)
