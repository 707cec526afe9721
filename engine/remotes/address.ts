/** The addresses of remote resources as Kustomize reads them: https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md */
import { isFetchUrl, isHost } from '../api/remote-names.ts'
import { RemoteFailure } from './failure.ts'
import type { Remote } from './remote.ts'

/** What an entry of a kustomization names: a remote, and where in it the resource is. */
export interface Address {
  readonly remote: Remote
  /** From the root of the remote's tree, without slashes at its ends. */
  readonly path: string
}

/** Undefined where the text is a path of the same repository. */
export function readAddress(text: string): Address | undefined {
  const isForced = /^git::/i.test(text)
  const [, start = '', rest = ''] = beginnings.exec(text.replace(/^git::/i, '')) ?? []
  if (start === '') return isForced || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? refuse(text) : undefined
  const question = rest.indexOf('?')
  const [place, query] = question < 0 ? [rest, ''] : [rest.slice(0, question), rest.slice(question + 1)]
  const root = /^(?:https?:\/\/)?github\.com[:/]$/i.test(start) ? 'https://github.com/' : start.toLowerCase()
  const parameters = new URLSearchParams(query)
  const ref = parameters.get('ref') || parameters.get('version') || ''
  const isMarked = isForced || ref !== '' || /(?:^|\/)_git\/|\/\/|\.git(?:\/|$)/.test(place)
  if (/^https?:/.test(root) && !isMarked && /\.(?:ya?ml|json)$/.test(place)) return fileAt(text)
  const { repository, path } = split(place)
  const url = `${root}${repository}`
  if (repository === '' || !isRepository(url) || !isRef(ref)) refuse(text)
  return { remote: { kind: 'base', url, ref }, path }
}

/** Up to the end of the host: `https://host/`, `ssh://git@host:22/`, `git@host:`, and GitHub's without a scheme. */
const beginnings = /^(https?:\/\/[^/]+\/|ssh:\/\/[^/]+\/|[\w.-]+@[^/:\s]+:|github\.com[:/])(.*)$/is

function fileAt(url: string): Address {
  if (!isFetchUrl(url)) refuse(url)
  return { remote: { kind: 'file', url }, path: fileNameOf(url) }
}

/** The one path of the tree of a file. */
export function fileNameOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? ''
}

/** Where the repository ends: after `_git/NAME`, before `//`, after `.git`, else after two names. First match wins. */
const ends: readonly RegExp[] = [
  /^(.*?_git\/[^/]+)\/*(.*)$/,
  /^(.*?)\/\/+(.*)$/,
  /^(.*?\.git)(?:\/+(.*))?$/,
  /^([^/]+\/[^/]+)(?:\/+(.*))?$/,
]

function split(place: string): { repository: string; path: string } {
  for (const end of ends) {
    const [found, repository = '', path = ''] = end.exec(place) ?? []
    if (found !== undefined) return { repository, path: path.replace(/\/+$/, '') }
  }
  return { repository: place, path: '' }
}

function isRepository(url: string): boolean {
  if (/[\s\0]/.test(url)) return false
  if (/^https?:/.test(url)) return isFetchUrl(url)
  const [, host = '', path = ''] =
    /^ssh:\/\/(?:\w[\w.-]*@)?([^/@]+)\/(.+)$/.exec(url) ?? /^\w[\w.-]*@([^/@:]+):(.+)$/.exec(url) ?? []
  return isHost(host) && !path.startsWith('-')
}

/** The part of git's rules for names (git check-ref-format) that keeps a name from being anything else than one. */
function isRef(ref: string): boolean {
  // oxlint-disable-next-line no-control-regex -- a control character is what is looked for
  return !/[\s~^:?*[\\\x00-\x1f\x7f]|\.\.|^-|^\/|\/$|@\{/.test(ref) && ref.length <= 255
}

function refuse(text: string): never {
  throw new RemoteFailure(
    'Refused',
    `${withoutPassword(text)} is no address that can be fetched`,
    'write it as https://host/org/repository//path?ref=v1 or git@host:org/repository.git//path?ref=v1, without credentials',
  )
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//…@')
}
