/** A repository as the rest of the engine sees it; `engine/git` alone knows the `git` program. */
export type Oid = string
/** A full reference name: `refs/heads/main`. */
export type RefName = string

export interface TreeEntry {
  readonly name: string
  readonly oid: Oid
  readonly kind: 'file' | 'executable' | 'symlink' | 'tree' | 'submodule'
}

export interface Person {
  readonly name: string
  readonly email: string
}

export interface Commit {
  readonly oid: Oid
  readonly tree: Oid
  readonly parents: readonly Oid[]
  readonly author: Person
  /** Seconds since 1970. */
  readonly committedAt: number
  /** The whole message, subject first. */
  readonly message: string
}

/** Reads objects by id. Rejects with GitError `ObjectMissing` or `ObjectCorrupt`. */
export interface ObjectReader {
  readCommit(oid: Oid): Promise<Commit>
  /** The entries of one tree, in git's order. */
  readTree(oid: Oid): Promise<readonly TreeEntry[]>
  readBlob(oid: Oid): Promise<Buffer>
  /** Bytes of a blob, without reading it. */
  blobSize(oid: Oid): Promise<number>
}

/** What becomes of a path: a file of these contents, something that the repository has already, or (null) nothing. */
export type Change = Buffer | string | Pick<TreeEntry, 'oid' | 'kind'> | null

export interface CommitRequest {
  readonly ref: RefName
  /** What the ref must point to for the commit to be made; undefined: it must not exist. The new commit's parent. */
  readonly expected: Oid | undefined
  /** By path. Paths that are not named stay as they are in `expected`. */
  readonly changes: ReadonlyMap<string, Change>
  readonly message: string
  readonly author: Person
  /** Seconds since 1970. */
  readonly at: number
  /** Signs with the repository's SSH key where it has one. */
  readonly sign: boolean
}

/** Reads a commit's very bytes too: what a signature signs. */
export interface CommitReader extends ObjectReader {
  readRawCommit(oid: Oid): Promise<Buffer>
}

export interface Repository extends CommitReader {
  /** The bare repository's folder. */
  readonly path: string
  resolve(ref: RefName): Promise<Oid | undefined>
  listRefs(prefix: string): Promise<readonly { readonly ref: RefName; readonly oid: Oid }[]>
  /**
   * Compare and swap, fsynced when it resolves. `to` undefined deletes. Rejects with `RefChanged` where the ref is not
   * at `expected` (undefined: must not exist).
   */
  updateRef(ref: RefName, update: { readonly to: Oid | undefined; readonly expected: Oid | undefined }): Promise<void>
  /** Writes blobs, trees and the commit, fsyncs, then moves the ref. Rejects with `RefChanged`, `DiskFull`. */
  commit(request: CommitRequest): Promise<Oid>
  /** First-parent history from a commit, newest first. */
  log(from: Oid, options: { readonly limit: number }): Promise<readonly Commit[]>
  isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean>
  /** The paths of blobs that differ between two trees (undefined: the empty tree). */
  diff(from: Oid | undefined, to: Oid): Promise<readonly string[]>
  /** Sets the note on an object under `refs/notes/…`. */
  writeNote(ref: RefName, object: Oid, text: string): Promise<void>
  readNotes(ref: RefName, objects: readonly Oid[]): Promise<ReadonlyMap<Oid, string>>
  /** Packs what many small writes left behind; cheap where there is little to do. */
  consolidate(): Promise<void>
  close(): Promise<void>
}

export type GitErrorCode =
  | 'ObjectMissing'
  | 'ObjectCorrupt'
  | 'RefChanged'
  | 'DiskFull'
  | 'RemoteUnreachable' // wait and try again
  | 'RemoteRefused' // credentials or rights: a person must act
  | 'RemoteBroken' // half a pack, nonsense: try again
  | 'BranchMissing'
  | 'NotARepository'
  | 'GitMissing' // no `git` program of 2.39 or newer

export class GitError extends Error {
  readonly code: GitErrorCode
  readonly remedy: string | undefined
  constructor(code: GitErrorCode, message: string, remedy?: string) {
    super(message)
    this.name = 'GitError'
    this.code = code
    this.remedy = remedy
  }
}
