/** What a commit names and does not hold: fetched once, as its lock says, and kept by digest, so that it is there offline. */
import { join } from 'node:path'
import { type ForeignCommits, openForeignCommits } from '../git/foreign-commits.ts'
import { GitError } from '../git/repository.ts'
import type { Oid } from '../git/repository.ts'
import { fileNameOf } from './address.ts'
import { differs, findChart, maxArchiveBytes } from './chart-repository.ts'
import { type Credentials, noCredentials } from './credentials.ts'
import { DigestStore, digestOf } from './digest-store.ts'
import { fetchBytes } from './download.ts'
import { RemoteFailure } from './failure.ts'
import { type FileTree, fileTree } from './file-tree.ts'
import { expectAllowed } from './hosts.ts'
import { type Lock, type Pin, pinOf } from './lock.ts'
import { fetchOciChart, findOciChart } from './oci-registry.ts'
import { type Remote, describeRemote } from './remote.ts'
import { unpack } from './unpack.ts'
import { type Patience, type Way, defaultPatience } from './way.ts'

/** The files of a remote, as a tree to be read beside that of the commit; its ids are git's own. */
export interface RemoteTree extends FileTree {
  /** `sha256-…` or `commit-…`: the same id, the same files, always. */
  readonly id: string
}

export interface Remotes {
  /**
   * A chart's files are those below its folder; a base is its whole repository, so that its kustomizations may name their
   * neighbours; a file is alone in its tree, under the last part of its address. Rejects with RemoteFailure.
   */
  open(remote: Remote, options: { readonly lock: Lock; readonly hosts: readonly string[] }): Promise<RemoteTree>
  /** What the remote is now: for `gantry vendor` alone. */
  resolve(remote: Remote, options: { readonly hosts: readonly string[] }): Promise<Pin>
  close(): Promise<void>
}

export interface RemotesOptions {
  /** Kept across restarts; made where it is not there. */
  readonly folder: string
  readonly credentials?: Credentials
  readonly patience?: Patience
  readonly limits?: Partial<RemotesLimits>
}

export interface RemotesLimits {
  /** Of archives and files on the disk. */
  readonly storeBytes: number
  /** Of bases on the disk. */
  readonly baseBytes: number
  /** Of one base as it is sent. */
  readonly fetchBytes: number
}

const defaultLimits: RemotesLimits = { storeBytes: 512 << 20, baseBytes: 1 << 30, fetchBytes: 256 << 20 }
/** So many unpacked archives stay in memory. */
const openTrees = 8
const maxFileBytes = 16 << 20

export function createRemotes(options: RemotesOptions): Remotes {
  return new OwnRemotes(options)
}

class OwnRemotes implements Remotes {
  readonly #store: DigestStore
  readonly #folder: string
  readonly #way: Omit<Way, 'hosts'>
  readonly #limits: RemotesLimits
  readonly #trees = new Map<string, Promise<RemoteTree>>()
  #commits: Promise<ForeignCommits> | undefined

  constructor({ folder, credentials = noCredentials, patience = defaultPatience, limits }: RemotesOptions) {
    this.#folder = folder
    this.#way = { credentials, patience }
    this.#limits = { ...defaultLimits, ...limits }
    this.#store = new DigestStore(join(folder, 'files'), { maxBytes: this.#limits.storeBytes })
  }

  async open(
    remote: Remote,
    { lock, hosts }: { readonly lock: Lock; readonly hosts: readonly string[] },
  ): Promise<RemoteTree> {
    // What is kept already is refused as well: a commit means the same wherever it is rendered.
    expectAllowed(addressOf(remote), hosts)
    const pin = pinOf(remote, lock)
    if (pin.url !== undefined) expectAllowed(pin.url, hosts)
    const id = pin.commit === undefined ? (pin.digest ?? '').replace(':', '-') : `commit-${pin.commit}`
    const keep = [...lock.values()].flatMap(each => each.pin.commit ?? [])
    return await this.#remember(id, () => this.#open(remote, { pin, id, keep, way: { ...this.#way, hosts } }))
  }

  async resolve(remote: Remote, { hosts }: { readonly hosts: readonly string[] }): Promise<Pin> {
    expectAllowed(addressOf(remote), hosts)
    const way = { ...this.#way, hosts }
    switch (remote.kind) {
      case 'base':
        return { commit: await this.#resolveBase(remote) }
      case 'file': {
        const bytes = await fetchBytes(remote.url, { way, maxBytes: maxFileBytes })
        await this.#store.put(bytes)
        return { digest: digestOf(bytes) }
      }
      case 'chart':
      case 'oci': {
        const { pin, bytes } = await (remote.kind === 'chart' ? findChart(remote, way) : findOciChart(remote, way))
        await chartTree(remote, bytes)
        await this.#store.put(bytes)
        return pin
      }
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#trees.values())
    await (await this.#commits?.catch(() => undefined))?.close()
  }

  /** Whoever asks for the same at the same time waits for the same; what failed is tried again when it is asked for again. */
  #remember(id: string, open: () => Promise<RemoteTree>): Promise<RemoteTree> {
    const known = this.#trees.get(id)
    const tree = known ?? open()
    this.#trees.delete(id)
    this.#trees.set(id, tree)
    if (known === undefined) tree.catch(() => this.#trees.get(id) === tree && this.#trees.delete(id))
    for (const oldest of this.#trees.keys()) {
      if (this.#trees.size <= openTrees) break
      this.#trees.delete(oldest)
    }
    return tree
  }

  async #open(
    remote: Remote,
    { pin, id, keep, way }: { pin: Pin; id: string; keep: readonly Oid[]; way: Way },
  ): Promise<RemoteTree> {
    if (remote.kind === 'base') return { id, ...(await this.#openBase(remote, { commit: pin.commit ?? '', keep })) }
    const bytes = await this.#bytes(remote, { pin, way })
    const tree =
      remote.kind === 'file' ? fileTree(new Map([[fileNameOf(remote.url), bytes]])) : await chartTree(remote, bytes)
    return { id, ...tree }
  }

  async #bytes(remote: Exclude<Remote, { kind: 'base' }>, { pin, way }: { pin: Pin; way: Way }): Promise<Buffer> {
    const { digest = '', url = '' } = pin
    const kept = await this.#store.get(digest)
    if (kept !== undefined) return kept
    const bytes = await fetchPinned(remote, { digest, url, way })
    if (digestOf(bytes) !== digest) {
      throw differs(describeRemote(remote), { is: digestOf(bytes), should: digest, says: 'gantry.lock' })
    }
    await this.#store.put(bytes)
    return bytes
  }

  async #resolveBase({ url, ref }: Extract<Remote, { kind: 'base' }>): Promise<Oid> {
    if (/^[0-9a-f]{40}$/.test(ref)) return ref
    return await fromGit(async () => (await this.#opened()).resolve(url, ref))
  }

  async #openBase(
    { url }: Extract<Remote, { kind: 'base' }>,
    { commit, keep }: { commit: Oid; keep: readonly Oid[] },
  ): Promise<FileTree> {
    return await fromGit(async () => {
      const commits = await this.#opened()
      if (!(await commits.has(commit))) await commits.fetch(url, { commit, keep })
      return { objects: commits.objects, tree: (await commits.objects.readCommit(commit)).tree }
    })
  }

  /** Opened when it is first needed: most branches name no base. */
  #opened(): Promise<ForeignCommits> {
    const { baseBytes: maxBytes, fetchBytes: maxFetchBytes } = this.#limits
    const { idle, total } = this.#way.patience
    this.#commits ??= openForeignCommits(join(this.#folder, 'bases.git'), {
      maxBytes,
      maxFetchBytes,
      timeouts: { idle, total },
    }).catch(error => {
      this.#commits = undefined
      throw error
    })
    return this.#commits
  }
}

function addressOf(remote: Remote): string {
  switch (remote.kind) {
    case 'chart':
      return remote.repository
    case 'oci':
      return remote.oci.replace(/^oci:/, 'https:')
    case 'base':
    case 'file':
      return remote.url
  }
}

async function fetchPinned(
  remote: Exclude<Remote, { kind: 'base' }>,
  { digest, url, way }: { digest: string; url: string; way: Way },
): Promise<Buffer> {
  switch (remote.kind) {
    case 'chart':
      return await fetchBytes(url, { way, maxBytes: maxArchiveBytes })
    case 'oci':
      return await fetchOciChart(remote, { digest, way })
    case 'file':
      return await fetchBytes(remote.url, { way, maxBytes: maxFileBytes })
  }
}

async function chartTree(remote: Remote, bytes: Buffer): Promise<FileTree> {
  const what = describeRemote(remote)
  const files = await unpack(bytes, { what })
  if (files.has('Chart.yaml')) return fileTree(files)
  throw new RemoteFailure('Unfit', `the archive of ${what} has no Chart.yaml`, 'check that it is a chart')
}

/** What git says as what follows from it here. */
async function fromGit<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const isTransient = error.code === 'RemoteUnreachable' || error.code === 'RemoteBroken'
    throw new RemoteFailure(isTransient ? 'Unreachable' : 'Refused', error.message, error.remedy ?? 'check the address')
  }
}
