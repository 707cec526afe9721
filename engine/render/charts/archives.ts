/** Charts that lie packed in `charts/`, as Helm vendors them: once opened, `x-1.2.3.tgz` is also the folder `x-1.2.3.tgz!`. */
import { RemoteFailure } from '../../remotes/failure.ts'
import { RenderFailure } from '../failure.ts'
import { pathIn, splitPath, type TreeReader } from '../tree.ts'

interface Packed {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Archives that must be opened before the chart can be read: that takes a while, and then the chart is read anew. */
export class StillPacked extends Error {
  readonly archives: readonly Packed[]
  constructor(archives: readonly Packed[]) {
    super(archives.map(({ path }) => path).join())
    this.archives = archives
  }
}

/** All archives of a release together. */
const mostBytes = 100 << 20

/** What was unpacked for one release. */
export class ChartArchives {
  readonly #opened = new Map<string, TreeReader | RenderFailure>()
  #bytes = 0

  async open(archives: readonly Packed[]): Promise<void> {
    for (const { path, bytes } of archives) this.#opened.set(path, await this.#unpacked(path, bytes))
  }

  /** The same tree, with its archives as folders. Throws StillPacked where one is looked into that was not opened. */
  in(tree: TreeReader): TreeReader {
    const outer = (path: string): TreeReader => {
      const archive = archiveOf(path)
      if (archive === undefined) return tree
      const found = this.#opened.get(archive)
      if (found instanceof RenderFailure) throw found
      if (found !== undefined) return found
      if (whole.kind(archive) !== 'file') return tree
      // Who looks into one looks into those beside it next.
      const { folder } = splitPath(archive)
      const beside = (whole.list(folder) ?? []).map(name => pathIn(folder, name)).filter(isArchive)
      throw new StillPacked(beside.flatMap(each => this.#closed(each, whole)))
    }
    const whole: TreeReader = {
      read: (path, use) => outer(path).read(path, use),
      isOpened: path => outer(path).isOpened(path),
      kind: path => outer(path).kind(path),
      list: path => outer(path).list(path),
    }
    return whole
  }

  #closed(path: string, tree: TreeReader): Packed[] {
    const bytes = this.#opened.has(path) || tree.kind(path) !== 'file' ? undefined : tree.read(path)
    return bytes === undefined ? [] : [{ path, bytes }]
  }

  async #unpacked(path: string, bytes: Uint8Array): Promise<TreeReader | RenderFailure> {
    // What reads tar is loaded where there is an archive.
    const { unpack } = await import('../../remotes/unpack.ts')
    const refused = (message: string): RenderFailure =>
      new RenderFailure(message, {
        origin: { file: path, line: 0, column: 0 },
        remedy: 'vendor the chart again: helm dependency update',
      })
    try {
      const files = await unpack(bytes, { what: splitPath(path).name })
      for (const contents of files.values()) this.#bytes += contents.length
      if (this.#bytes <= mostBytes) return readerOf(`${path}!`, files)
      return refused(`the archives of the chart unpack to more than ${mostBytes >> 20} MiB together`)
    } catch (error) {
      if (error instanceof RemoteFailure) return refused(error.message)
      throw error
    }
  }
}

export function isArchive(name: string): boolean {
  return /\.(?:tgz|tar\.gz)$/.test(name)
}

/** The innermost archive that a path leads into. */
export function archiveOf(path: string): string | undefined {
  return /^(.*\.(?:tgz|tar\.gz))!(?:\/|$)/.exec(path)?.[1]
}

function readerOf(top: string, files: ReadonlyMap<string, Uint8Array>): TreeReader {
  const contents = new Map([...files].map(([path, bytes]) => [pathIn(top, path), bytes]))
  const folders = new Map<string, Set<string>>([[top, new Set()]])
  for (const path of contents.keys()) {
    for (let at = path; at !== top; at = splitPath(at).folder) {
      const { folder, name } = splitPath(at)
      folders.set(folder, (folders.get(folder) ?? new Set()).add(name))
    }
  }
  return {
    read: path => contents.get(path),
    isOpened: () => false,
    kind: path => (contents.has(path) ? 'file' : folders.has(path) ? 'folder' : undefined),
    list: path => {
      const names = folders.get(path)
      return names && [...names].sort()
    },
  }
}
