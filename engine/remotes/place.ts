/** Where in a commit's tree its remotes are to be read. Pure: a render worker sees no more of them than this. */
import { readAddress } from './address.ts'
import { RemoteFailure } from './failure.ts'
import { type Remote, describeRemote } from './remote.ts'

/** No commit's own files are there: what a commit has under this name is not seen. */
export const mountFolder = '.gantry-remotes'

/** The folder of a remote's files, or why there is none. */
export type Place = { readonly folder: string } | Pick<RemoteFailure, 'code' | 'message' | 'remedy'>

/** By `describeRemote`: all that the commit's lock has. */
export type Places = Readonly<Record<string, Place>>

/** Throws RemoteFailure. */
export function folderOf(remote: Remote, places: Places): string {
  const key = describeRemote(remote)
  const place = Object.hasOwn(places, key) ? places[key] : undefined
  if (place === undefined) throw notLocked(remote)
  if ('folder' in place) return place.folder
  throw new RemoteFailure(place.code, place.message, place.remedy)
}

/**
 * The path of what an entry of a kustomization names, from the root of the tree; undefined where it is a path of the same
 * repository. Throws RemoteFailure.
 */
export function remotePath(text: string, places: Places): string | undefined {
  const address = readAddress(text)
  if (address === undefined) return undefined
  const folder = folderOf(address.remote, places)
  return address.path === '' ? folder : `${folder}/${address.path}`
}

/** The folder that no `..` of a path may leave: that of the remote whose file it is, or '' in the commit itself. */
export function rootOf(path: string): string {
  const [first, second] = path.split('/')
  return first === mountFolder && second !== undefined ? `${first}/${second}` : ''
}

export function notLocked(remote: Remote): RemoteFailure {
  return new RemoteFailure(
    'NotLocked',
    `gantry.lock does not say what ${describeRemote(remote)} is`,
    'run gantry vendor, and commit gantry.lock',
  )
}
