import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve as absolute } from 'node:path'
import { diffTrees } from './diff-trees.ts'
import { syncFolder } from '../../machine/files.ts'
import { editTree } from './edit-tree.ts'
import { gitIn, runGit, failure } from './git-process.ts'
import { removeStaleRefLocks, removeUnfinishedObjects } from './leftovers.ts'
import { findNotes, notePath } from './notes.ts'
import { ObjectStore } from './object-store.ts'
import { encodeCommit, newObject } from './objects.ts'
import { writePack } from './pack.ts'
import { Refs } from './refs.ts'
import type { RefUpdate } from './refs.ts'
import { GitError } from './repository.ts'
import type { Commit, CommitRequest, Oid, RefName, Repository, TreeEntry } from './repository.ts'
import { parseSigningKey, signCommit } from './signature.ts'
import type { SigningKey } from './signature.ts'

export interface OpenOptions {
  /** The file of the key that signs commits, as `ensureSigningKey` makes it. */
  readonly signingKey?: string
  /** Makes the repository where there is none. */
  readonly create?: { readonly defaultBranch: string }
}

/** Opens a bare repository and clears what killed processes left in it. Rejects with `NotARepository`, `GitMissing`. */
export async function openRepository(path: string, options: OpenOptions = {}): Promise<Repository> {
  const folder = absolute(path)
  if (options.create && !(await exists(folder))) await createBare(folder, options.create.defaultBranch)
  if (!(await exists(join(folder, 'HEAD'))) || !(await exists(join(folder, 'objects')))) {
    throw new GitError(
      'NotARepository',
      `${folder} is not a bare git repository`,
      'name a folder made by git init --bare',
    )
  }
  await removeStaleRefLocks(folder)
  await removeUnfinishedObjects(folder)
  const key = options.signingKey === undefined ? undefined : parseSigningKey(await readFile(options.signingKey, 'utf8'))
  return new OwnRepository(folder, key)
}

/** Under another name first, so that a repository that is there is a whole one. */
async function createBare(folder: string, defaultBranch: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const fresh = `${folder}.${randomBytes(6).toString('hex')}.tmp`
  const { code, stderr } = await runGit([
    'init',
    '--quiet',
    '--bare',
    '--template=',
    `--initial-branch=${defaultBranch}`,
    fresh,
  ])
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true })
    throw failure(`making the repository ${folder}`, stderr)
  }
  await mkdir(join(fresh, 'objects/pack'), { recursive: true })
  await rename(fresh, folder)
  await syncFolder(dirname(folder))
}

class OwnRepository implements Repository {
  readonly path: string
  readonly #key: SigningKey | undefined
  readonly #store: ObjectStore
  readonly #refs: Refs
  #consolidating: Promise<void> | undefined

  constructor(path: string, key: SigningKey | undefined) {
    this.path = path
    this.#key = key
    this.#store = new ObjectStore(path)
    this.#refs = new Refs(path)
  }

  readCommit(oid: Oid): Promise<Commit> {
    return this.#store.readCommit(oid)
  }

  readRawCommit(oid: Oid): Promise<Buffer> {
    return this.#store.readRawCommit(oid)
  }

  readTree(oid: Oid): Promise<readonly TreeEntry[]> {
    return this.#store.readTree(oid)
  }

  readBlob(oid: Oid): Promise<Buffer> {
    return this.#store.readBlob(oid)
  }

  blobSize(oid: Oid): Promise<number> {
    return this.#store.blobSize(oid)
  }

  resolve(ref: RefName): Promise<Oid | undefined> {
    return this.#refs.resolve(ref)
  }

  listRefs(prefix: string): Promise<readonly { readonly ref: RefName; readonly oid: Oid }[]> {
    return this.#refs.list(prefix)
  }

  updateRef(ref: RefName, update: RefUpdate): Promise<void> {
    return this.#refs.update(ref, update)
  }

  async commit(request: CommitRequest): Promise<Oid> {
    const { ref, expected, changes, message, author, at } = request
    // Cheaper to find out before anything is written; the compare-and-swap decides.
    const actual = await this.resolve(ref)
    if (actual !== expected) {
      throw new GitError('RefChanged', `${ref} is at ${actual ?? 'nothing'}, not at ${expected ?? 'nothing'}`)
    }
    const base = expected === undefined ? undefined : (await this.readCommit(expected)).tree
    const edited = await editTree(base, changes, tree => this.#store.readEntries(tree))
    const unsigned = encodeCommit({ tree: edited.tree, parent: expected, author, at, message })
    const signed = request.sign && this.#key ? signCommit(unsigned, this.#key) : unsigned
    const commit = newObject('commit', signed)
    await writePack(this.path, [...edited.objects, commit])
    for (const [tree, entries] of edited.trees) this.#store.keep(tree, entries)
    await this.updateRef(ref, { to: commit.oid, expected })
    return commit.oid
  }

  async log(from: Oid, { limit }: { readonly limit: number }): Promise<readonly Commit[]> {
    const commits: Commit[] = []
    for (let oid: Oid | undefined = from; oid !== undefined && commits.length < limit;) {
      const commit: Commit = await this.readCommit(oid)
      commits.push(commit)
      oid = commit.parents[0]
    }
    return commits
  }

  async isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean> {
    const args = ['--git-dir', this.path, 'merge-base', '--is-ancestor', ancestor, descendant]
    const { code, stderr } = await runGit(args)
    if (code === 0 || code === 1) return code === 0
    throw new GitError('ObjectMissing', `${ancestor} and ${descendant} cannot be compared: ${stderr.trim()}`)
  }

  diff(from: Oid | undefined, to: Oid): Promise<readonly string[]> {
    return diffTrees(from, to, tree => this.#store.readEntries(tree))
  }

  async writeNote(ref: RefName, object: Oid, text: string): Promise<void> {
    for (;;) {
      try {
        await this.commit({
          ref,
          expected: await this.resolve(ref),
          changes: new Map([[notePath(object), text.endsWith('\n') ? text : `${text}\n`]]),
          message: `Note on ${object.slice(0, 12)}`,
          author: { name: 'Gantry', email: 'gantry@localhost' },
          at: Date.now() / 1000,
          sign: true,
        })
        return
      } catch (error) {
        if (!(error instanceof GitError && error.code === 'RefChanged')) throw error
      }
    }
  }

  async readNotes(ref: RefName, objects: readonly Oid[]): Promise<ReadonlyMap<Oid, string>> {
    const head = await this.resolve(ref)
    return head === undefined ? new Map() : await findNotes(this.#store, (await this.readCommit(head)).tree, objects)
  }

  consolidate(): Promise<void> {
    this.#consolidating ??= this.#consolidate().finally(() => (this.#consolidating = undefined))
    return this.#consolidating
  }

  async close(): Promise<void> {
    await this.#consolidating?.catch(() => undefined)
    await this.#refs.close()
    await this.#store.close()
  }

  /**
   * Joins packs so that each is twice the size of the next smaller: every object is packed again a logarithmic number
   * of times. Nothing is ever pruned, so an object that is not referred to yet cannot be lost.
   */
  async #consolidate(): Promise<void> {
    const packs = (await readdir(join(this.path, 'objects/pack'))).filter(name => name.endsWith('.idx')).length
    const loose = (await readdir(join(this.path, 'objects'))).filter(name => name.length === 2).length
    if (packs < 30 && loose < 200) return
    const config = { 'pack.threads': '1' }
    await gitIn(this.path, ['repack', '--quiet', '--geometric=2', '-d'], { config, background: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
