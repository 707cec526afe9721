/** Which remotes a folder names: its Releases, its kustomizations, and the kustomizations that those lead to. */
import type { Manifest } from '../api/manifest.ts'
import type { Origin, Problem } from '../api/problem.ts'
import { refOf } from '../api/reference.ts'
import type { Release } from '../api/types.ts'
import type { TreeEntry } from '../git/repository.ts'
import { readAddress } from '../remotes/address.ts'
import { RemoteFailure } from '../remotes/failure.ts'
import type { FileTree } from '../remotes/file-tree.ts'
import { type Remote, describeRemote, remoteOfChart } from '../remotes/remote.ts'
import type { RemoteTree } from '../remotes/remotes.ts'
import { RenderFailure } from '../render/failure.ts'
import { kustomizationFiles, listOf, readKustomization } from '../render/kustomize/kustomization.ts'
import { pathFrom } from '../render/tree.ts'

export interface NamedRemote {
  readonly remote: Remote
  /** The first place that names it. */
  readonly origin: Origin
}

export function remotesOfReleases(manifests: readonly Manifest[]): NamedRemote[] {
  return manifests.flatMap(({ object, origin }) => {
    if (refOf(object).kind !== 'Release') return []
    const remote = remoteOfChart((object as Release).spec.chart)
    return remote === undefined ? [] : [{ remote, origin }]
  })
}

/** The lists of a kustomization whose entries may be remote. */
const lists = ['resources', 'components', 'configurations', 'generators', 'transformers'] as const
/** A chain of bases that is longer is a mistake or an attack. */
const maxFolders = 2000

/** `open` gives a remote's files, or nothing where it has said already why not. */
export async function remotesOfKustomizations(
  files: FileTree,
  open: (named: NamedRemote) => Promise<RemoteTree | undefined>,
): Promise<{ readonly named: readonly NamedRemote[]; readonly problems: readonly Problem[] }> {
  const walk = new Walk(open)
  await walk.all({ files, folder: '', shown: '' })
  return { named: [...walk.named.values()], problems: walk.problems }
}

/** A folder of the branch or of a remote. */
interface Place {
  readonly files: FileTree
  readonly folder: string
  /** How messages name what is in it: '', or the remote's address and `//`. */
  readonly shown: string
}

class Walk {
  readonly named = new Map<string, NamedRemote>()
  readonly problems: Problem[] = []
  readonly #open: (named: NamedRemote) => Promise<RemoteTree | undefined>
  readonly #seen = new Set<string>()

  constructor(open: (named: NamedRemote) => Promise<RemoteTree | undefined>) {
    this.#open = open
  }

  /** Every kustomization below a folder; hidden ones are none of the branch's. */
  async all(place: Place): Promise<void> {
    await this.#folder(place)
    for (const { name, kind } of await entriesOf(place)) {
      if (kind === 'tree' && !name.startsWith('.')) {
        await this.all({ ...place, folder: place.folder === '' ? name : `${place.folder}/${name}` })
      }
    }
  }

  async #folder(place: Place): Promise<void> {
    const id = `${place.files.tree} ${place.folder}`
    if (this.#seen.has(id) || this.#seen.size >= maxFolders) return
    this.#seen.add(id)
    const entry = (await entriesOf(place)).find(({ name, kind }) => kind !== 'tree' && isKustomization(name))
    if (entry === undefined) return
    const file = `${place.shown}${place.folder === '' ? '' : `${place.folder}/`}${entry.name}`
    try {
      const kustomization = readKustomization(await place.files.objects.readBlob(entry.oid), file)
      for (const list of lists) {
        for (const [index, text] of listOf(kustomization.fields, list).entries()) {
          await this.#entry(String(text), { place, origin: kustomization.place(list, index) })
        }
      }
    } catch (error) {
      // What else is wrong with it, rendering says.
      if (!(error instanceof RenderFailure)) throw error
    }
  }

  async #entry(text: string, { place, origin }: { place: Place; origin: Origin }): Promise<void> {
    try {
      const address = readAddress(text)
      if (address !== undefined) await this.#remote(address, origin)
      else if (place.shown !== '')
        await this.#folder({ ...place, folder: pathFrom(place.folder, { path: text, origin }) })
    } catch (error) {
      if (!(error instanceof RemoteFailure)) throw error
      this.problems.push(error.at(origin))
    }
  }

  async #remote({ remote, path }: { remote: Remote; path: string }, origin: Origin): Promise<void> {
    const key = describeRemote(remote)
    const named = this.named.get(key) ?? { remote, origin }
    this.named.set(key, named)
    const files = await this.#open(named)
    if (files !== undefined && remote.kind === 'base') {
      await this.#folder({ files, folder: path, shown: `${remote.url}//` })
    }
  }
}

function isKustomization(name: string): boolean {
  return kustomizationFiles.some(each => each === name)
}

/** Nothing where there is no such folder. */
async function entriesOf({ files: { objects, tree }, folder }: Place): Promise<readonly TreeEntry[]> {
  let entries = await objects.readTree(tree)
  for (const part of folder === '' ? [] : folder.split('/')) {
    const inner = entries.find(({ name, kind }) => name === part && kind === 'tree')
    if (inner === undefined) return []
    entries = await objects.readTree(inner.oid)
  }
  return entries
}
