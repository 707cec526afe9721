/** Where in a commit's tree its remotes are to be read. Pure: a render worker sees no more of them than this. */
import { RemoteFailure } from './failure.ts'
import { type Remote, describeRemote } from './remote.ts'

/** No commit's own files are there: what a commit has under this name is not seen. */
export const mountFolder = '.gantry-remotes'

/** The folder of a remote's files, or why there is none. */
export type Place = { readonly folder: string } | Pick<RemoteFailure, 'code' | 'message' | 'remedy'>

/** Throws RemoteFailure; undefined is a place that the commit's lock does not have. */
export function folderOf(remote: Remote, place: Place | undefined): string {
  if (place === undefined) throw notLocked(remote)
  if ('folder' in place) return place.folder
  throw new RemoteFailure(place.code, place.message, place.remedy)
}

/** Beside the remotes, a file for each that the lock names. */
export const placesFolder = 'places'

/**
 * The file that holds a remote's Place as JSON. A unit that reads it is rendered anew when that remote changes, and no other
 * is.
 */
export function placeFile(remote: Remote): string {
  return `${mountFolder}/${placesFolder}/${placeName(remote)}`
}

/** Addresses hold slashes, which no name of a file may hold. */
export function placeName(remote: Remote): string {
  return Buffer.from(describeRemote(remote)).toString('base64url')
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
