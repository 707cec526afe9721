/** From what a folder names and the lock that it has to the lock that it should have. */
import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import { RemoteFailure } from '../remotes/failure.ts'
import type { FileTree } from '../remotes/file-tree.ts'
import { type Lock, type Locked, type Pin, lockOf, pinOf } from '../remotes/lock.ts'
import { type Remote, describeRemote } from '../remotes/remote.ts'
import type { RemoteTree, Remotes } from '../remotes/remotes.ts'
import { type NamedRemote, remotesOfKustomizations, remotesOfReleases } from './named-remotes.ts'

export interface VendorOptions {
  readonly before: Lock
  readonly remotes: Remotes
  readonly hosts: readonly string[]
  /** Whether a remote that is pinned is looked up anew. */
  readonly update: (remote: Remote) => boolean
  /** False looks nothing up: what is not pinned is a problem. */
  readonly resolves: boolean
}

export interface Vendored {
  readonly lock: Lock
  readonly problems: readonly Problem[]
}

export interface Vendor {
  /** The bases and files that the kustomizations of a tree name, and those that these lead to. */
  bases(files: FileTree): Promise<void>
  /** The charts of the Releases among what was rendered. */
  charts(manifests: readonly Manifest[]): Promise<void>
  vendored(): Vendored
}

export function createVendor(options: VendorOptions): Vendor {
  const { before, remotes, hosts, update, resolves } = options
  const locked = new Map<string, Locked>()
  const problems: Problem[] = []
  /** Each is asked for once, however many places name it. */
  const asked = new Map<string, Promise<Pin | undefined>>()

  async function find({ remote, origin }: NamedRemote): Promise<Pin | undefined> {
    const known = before.get(describeRemote(remote))?.pin
    if (known !== undefined && !update(remote)) return known
    const finding = resolves ? remotes.resolve(remote, { hosts }) : (async () => pinOf(remote, before))()
    return (await orProblem(finding, origin)) ?? known
  }

  async function pin(named: NamedRemote): Promise<Pin | undefined> {
    const key = describeRemote(named.remote)
    const finding = asked.get(key) ?? find(named)
    asked.set(key, finding)
    const found = await finding
    if (found !== undefined) locked.set(key, { remote: named.remote, pin: found })
    return found
  }

  async function open(named: NamedRemote): Promise<RemoteTree | undefined> {
    const found = await pin(named)
    if (found === undefined) return undefined
    const lock = lockOf([{ remote: named.remote, pin: found }])
    return await orProblem(remotes.open(named.remote, { lock, hosts }), named.origin)
  }

  async function orProblem<T>(work: Promise<T>, origin: NamedRemote['origin']): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof RemoteFailure)) throw error
      problems.push(error.at(origin))
      return undefined
    }
  }

  return {
    async bases(files) {
      const found = await remotesOfKustomizations(files, open)
      problems.push(...found.problems)
    },
    async charts(manifests) {
      for (const named of remotesOfReleases(manifests)) await pin(named)
    },
    vendored: () => ({ lock: locked, problems }),
  }
}

/** What differs, a line each, in one order. */
export function describeChanges(before: Lock, after: Lock): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys.flatMap(key => {
    const [old, now] = [before.get(key), after.get(key)].map(entry => entry && describePin(entry.pin))
    if (now === undefined) return [`${key}: no longer named`]
    if (old === undefined) return [`${key}: ${now}`]
    return old === now ? [] : [`${key}: ${old} → ${now}`]
  })
}

function describePin({ version, commit, digest = '' }: Pin): string {
  const short = digest.slice(0, 'sha256:'.length + 12)
  return commit ?? (version === undefined ? short : `${version} (${short})`)
}
