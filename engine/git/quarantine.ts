/** What a push brings before it is accepted: https://git-scm.com/docs/git-receive-pack#_quarantine_environment */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { isMissing } from '../../machine/files.ts'
import { ObjectStore, checked, parsed } from './object-store.ts'
import { parseCommit, parseTree, toTreeEntry } from './objects.ts'
import type { ObjectType } from './objects.ts'
import type { Commit, CommitReader, Oid, Repository, TreeEntry } from './repository.ts'

export interface QuarantinedObjects extends CommitReader {
  close(): Promise<void>
}

/** Reads what a push brings and what the repository holds. `folder` is empty where the push brings nothing. */
export async function openQuarantine(repository: Repository, folder: string): Promise<QuarantinedObjects> {
  if (folder !== '' && (await holdsPack(folder))) {
    return new ObjectStore(repository.path, quarantineEnvironment(repository.path, folder))
  }
  return new UnpackedPush(repository, folder)
}

/** The environment in which git sees what a push brings. */
export function quarantineEnvironment(repository: string, quarantine: string): Record<string, string> {
  if (quarantine === '') return {}
  const objects = join(repository, 'objects').replace(/["\\]/g, String.raw`\$&`)
  return {
    GIT_OBJECT_DIRECTORY: quarantine,
    // In quotes, because a colon separates several of them.
    GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${objects}"`,
    GIT_QUARANTINE_PATH: quarantine,
  }
}

async function holdsPack(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'pack')).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return names.some(name => name.endsWith('.pack'))
}

/**
 * A push of fewer than a hundred objects, which git unpacks. They are read as the files that they are, and all else
 * through the repository: starting git for them takes longer than everything else that a one-file edit asks for.
 */
class UnpackedPush implements QuarantinedObjects {
  readonly #repository: Repository
  readonly #folder: string

  constructor(repository: Repository, folder: string) {
    this.#repository = repository
    this.#folder = folder
  }

  async readRawCommit(oid: Oid): Promise<Buffer> {
    return (await this.#brought(oid, 'commit')) ?? (await this.#repository.readRawCommit(oid))
  }

  async readCommit(oid: Oid): Promise<Commit> {
    const data = await this.readRawCommit(oid)
    return parsed(oid, () => parseCommit(oid, data))
  }

  async readTree(oid: Oid): Promise<readonly TreeEntry[]> {
    const data = await this.#brought(oid, 'tree')
    if (data === undefined) return await this.#repository.readTree(oid)
    return parsed(oid, () => parseTree(data).map(toTreeEntry))
  }

  async readBlob(oid: Oid): Promise<Buffer> {
    return (await this.#brought(oid, 'blob')) ?? (await this.#repository.readBlob(oid))
  }

  async blobSize(oid: Oid): Promise<number> {
    return (await this.#brought(oid, 'blob'))?.length ?? (await this.#repository.blobSize(oid))
  }

  async close(): Promise<void> {}

  async #brought(oid: Oid, wanted: ObjectType): Promise<Buffer | undefined> {
    if (this.#folder === '') return undefined
    const file = await readLoose(this.#folder, oid)
    if (file === undefined) return undefined
    const { type, data } = parsed(oid, () => parseLoose(file))
    return checked(oid, { wanted, type }, data)
  }
}

const inflated: (data: Buffer) => Promise<Buffer> = promisify(inflate)

async function readLoose(folder: string, oid: Oid): Promise<Buffer | undefined> {
  try {
    return await inflated(await readFile(join(folder, oid.slice(0, 2), oid.slice(2))))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** `<type> <size>\0`, then the contents. */
function parseLoose(file: Buffer): { type: ObjectType; data: Buffer } {
  const end = file.indexOf(0)
  const header = /^(commit|tree|blob|tag) (\d+)$/.exec(file.toString('latin1', 0, Math.max(end, 0)))
  const data = file.subarray(end + 1)
  if (!header || Number(header[2]) !== data.length) throw new Error('its header does not fit')
  return { type: header[1] as ObjectType, data }
}
