import { clusterKind } from '../api/cluster-object.ts'
import type { ClusterStatus } from '../api/cluster-object.ts'
import type { KubeObject } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { Oid, Repository } from '../git/repository.ts'
import { verifyCommit } from '../git/signature.ts'
import { collapse } from './collapse.ts'
import { messageOf } from './message.ts'
import { pathOf } from './path.ts'
import { readRecord } from './read-record.ts'
import { RecordError } from './record-error.ts'
import { differs, serialize } from './recordable.ts'
import type { Digest } from './recordable.ts'

export interface RecorderOptions {
  /** Opened with the key that signs. */
  readonly repository: Repository
  /** The cluster's name: the branch is `observed/<cluster>`. */
  readonly cluster: string
  /** Whose signatures on a head are trusted: the cluster's own key, as `ensureSigningKey` gives it. */
  readonly trustedKeys: readonly string[]
  readonly digest: Digest
}

/** Writes the cluster's state to the observed branch and reads it back. One call of `record` at a time. */
export interface Recorder {
  readonly ref: string
  /**
   * One signed, durable commit for a batch of changes; undefined where none of them is worth one. After an error nothing
   * or everything is recorded: record the same changes again.
   */
  record(changes: readonly ObjectChange[], at: Date): Promise<Oid | undefined>
  /**
   * The objects at the head, in no order; undefined where nothing was ever recorded. Secrets hold digests. Rejects with a
   * RecordError where the head is not this cluster's.
   */
  restore(): Promise<KubeObject[] | undefined>
}

const author = { name: 'Gantry', email: 'gantry@localhost' }

export function createRecorder({ repository, cluster, trustedKeys, digest }: RecorderOptions): Recorder {
  const ref = `refs/heads/observed/${cluster}`
  /** Where the branch is by our own doing; absent at start and after an error, when only the repository can tell. */
  let known: { readonly head: Oid | undefined } | undefined
  let desiredCommit: string | undefined

  async function trustedHead(): Promise<Oid | undefined> {
    if (known) return known.head
    const head = await repository.resolve(ref)
    if (head !== undefined && !(await verifyCommit(repository, head, trustedKeys))) throw foreign(ref, head, repository)
    known = { head }
    return head
  }

  return {
    ref,
    async record(changes, at) {
      const worthwhile = collapse(changes).filter(change => isWorthwhile(change, digest))
      if (worthwhile.length === 0) return undefined
      desiredCommit = desiredCommitIn(worthwhile) ?? desiredCommit
      const expected = await trustedHead()
      known = undefined
      const head = await repository.commit({
        ref,
        expected,
        changes: filesOf(worthwhile, digest),
        message: messageOf(worthwhile, { cluster, desiredCommit }),
        author,
        at: at.getTime() / 1000,
        sign: true,
      })
      known = { head }
      return head
    },
    async restore() {
      const head = await trustedHead()
      if (head === undefined) return undefined
      const objects = await readRecord(repository, head)
      desiredCommit = objects.map(commitOf).find(commit => commit !== undefined)
      return objects
    },
  }
}

/** A decision always is; of what was only seen, anything but a heartbeat. */
function isWorthwhile({ before, after, decided }: ObjectChange, digest: Digest): boolean {
  const some = after ?? before
  if (!some || pathOf(some) === undefined) return false
  return decided || !before || !after || differs(before, after, { digest })
}

/** Path → text, null to remove; a pod whose owner changed moves. */
function filesOf(changes: readonly ObjectChange[], digest: Digest): Map<string, string | null> {
  const files = new Map<string, string | null>()
  for (const { before, after } of changes) {
    const [from, to] = [before && pathOf(before), after && pathOf(after)]
    if (from !== undefined) files.set(from, null)
    if (after && to !== undefined) files.set(to, serialize(after, { digest }))
  }
  return files
}

function desiredCommitIn(changes: readonly ObjectChange[]): string | undefined {
  return changes.flatMap(({ ref, after }) => (ref.kind === clusterKind && after ? [commitOf(after)] : [])).at(-1)
}

function commitOf({ apiVersion, kind, status }: KubeObject): string | undefined {
  if (apiVersion !== 'gantry.dev/v1' || kind !== 'Cluster') return undefined
  return (status as ClusterStatus | undefined)?.revision?.commit
}

function foreign(ref: string, head: Oid, { path }: Repository): RecordError {
  const branch = ref.replace('refs/heads/', '')
  return new RecordError(
    'Foreign',
    `the record ${branch} cannot be trusted: its head ${head.slice(0, 12)} is not signed by this cluster's key`,
    `restore the keys folder of the data folder from a backup; or, to begin a new record and keep the old one under ` +
      `another name: git --git-dir ${path} branch -m ${branch} ${branch.replace('observed/', 'observed-before/')}`,
  )
}
