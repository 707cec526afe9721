import type { Origin } from '../api/problem.ts'
import { readAddress } from '../remotes/address.ts'
import { RemoteFailure } from '../remotes/failure.ts'
import type { Remote } from '../remotes/remote.ts'
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
    return pathFrom(remoteFolder(tree, { remote: address.remote, origin }), { path: address.path, origin })
  } catch (error) {
    throw failureAt(origin, error)
  }
}

/** The folder that a remote's files are in. */
export function remoteFolder(
  tree: TreeReader,
  { remote, origin }: { readonly remote: Remote; readonly origin: Origin },
): string {
  try {
    return folderOf(remote, placeIn(tree, placeFile(remote)))
  } catch (error) {
    throw failureAt(origin, error)
  }
}

function failureAt(origin: Origin, error: unknown): unknown {
  return error instanceof RemoteFailure ? new RenderFailure(error.message, { origin, remedy: error.remedy }) : error
}

function placeIn(tree: TreeReader, file: string): Place | undefined {
  const bytes = tree.kind(file) === 'file' ? tree.read(file) : undefined
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
}
