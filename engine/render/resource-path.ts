import type { Origin } from '../api/problem.ts'
import { readAddress } from '../remotes/address.ts'
import { RemoteFailure } from '../remotes/failure.ts'
import { type Place, folderOf, placeFile } from '../remotes/place.ts'
import { RenderFailure } from './failure.ts'
import { pathFrom, type TreeReader } from './tree.ts'

/** The path of what an entry names: of the same repository, or of a remote that is mounted in the tree. */
export function resourcePath(
  tree: TreeReader,
  { folder, path, origin }: { readonly folder: string; readonly path: string; readonly origin: Origin },
): string {
  try {
    const address = readAddress(path)
    if (address === undefined) return pathFrom(folder, { path, origin })
    return pathFrom(folderOf(address.remote, placeIn(tree, placeFile(address.remote))), { path: address.path, origin })
  } catch (error) {
    if (!(error instanceof RemoteFailure)) throw error
    throw new RenderFailure(error.message, { origin, remedy: error.remedy })
  }
}

function placeIn(tree: TreeReader, file: string): Place | undefined {
  const bytes = tree.kind(file) === 'file' ? tree.read(file) : undefined
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
}
