import type { Environment } from '@marcbachmann/cel-js'

/** A URL as Go's `url.ParseRequestURI` reads it: as it is written, without what browsers make of it. */
class Url {
  readonly #parts: Parts
  constructor(parts: Parts) {
    this.#parts = parts
  }
  static read(text: string): Url | undefined {
    const parts = partsOf(text)
    return parts && new Url(parts)
  }
  static equal(a: Url, b: Url): boolean {
    return JSON.stringify(a.#parts) === JSON.stringify(b.#parts)
  }
  part(name: keyof Parts): string {
    return this.#parts[name]
  }
}

interface Parts {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-url-library */
export function addUrls(environment: Environment): void {
  environment
    .registerType('URL', { ctor: Url, fields: {} })
    .registerFunction('isURL(string): bool', (text: string) => Url.read(text) !== undefined)
    .registerFunction('url(string): URL', (text: string) => {
      const url = Url.read(text)
      if (url === undefined) throw new RangeError(`not a URL: ${JSON.stringify(text)}`)
      return url
    })
    .registerFunction('URL.getScheme(): string', (url: Url) => url.part('scheme'))
    .registerFunction('URL.getHost(): string', (url: Url) => url.part('host'))
    .registerFunction('URL.getHostname(): string', (url: Url) => hostOf(url)[0])
    .registerFunction('URL.getPort(): string', (url: Url) => hostOf(url)[1])
    .registerFunction('URL.getEscapedPath(): string', (url: Url) => url.part('path'))
    .registerFunction('URL.getQuery(): map<string, list<string>>', (url: Url) => queryOf(url.part('query')))
    .registerOperator('URL == URL', Url.equal)
}

function partsOf(text: string): Parts | undefined {
  // oxlint-disable-next-line no-control-regex -- a control character is what is looked for
  if (text === '' || /[\x00-\x1f\x7f]/.test(text) || text.startsWith(':')) return undefined
  const [whole, scheme = ''] = /^([a-z][a-z0-9+.-]*):/i.exec(text) ?? ['']
  const rest = text.slice(whole.length)
  const question = rest.indexOf('?')
  const [before, query] = question < 0 ? [rest, ''] : [rest.slice(0, question), rest.slice(question + 1)]
  const parts = { scheme: scheme.toLowerCase(), host: '', path: '', query }
  if (!before.startsWith('/')) return scheme === '' ? undefined : parts
  const [, authority, after = ''] = (scheme === '' ? null : /^\/\/([^/]*)(.*)$/.exec(before)) ?? [null, null, before]
  const host = authority === null || authority === undefined ? '' : authority.slice(authority.lastIndexOf('@') + 1)
  if (!isHost(host)) return undefined
  const path = escapedPath(after)
  return path === undefined ? undefined : { ...parts, host, path }
}

function isHost(host: string): boolean {
  return /^(?:\[[0-9a-f:.]+\]|[^\s%^{}|\\`#?[\]:]*)(?::\d*)?$/i.test(host)
}

/** The path as it is written, or escaped as a whole where it holds what must be. */
function escapedPath(path: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined
  if (/^[\w.~!$&'()*+,;=:@[\]%/-]*$/.test(path)) return path
  const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  const kept = (byte: number): boolean => /[\w.~$&+,/:;=@-]/.test(String.fromCharCode(byte)) && byte < 0x80
  return [...unescaped(path)].map(byte => (kept(byte) ? String.fromCharCode(byte) : escaped(byte))).join('')
}

function unescaped(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  const plain: number[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    const isEscape = bytes[at] === 0x25
    plain.push(isEscape ? Number.parseInt(String.fromCharCode(...bytes.slice(at + 1, at + 3)), 16) : Number(bytes[at]))
    if (isEscape) at += 2
  }
  return Uint8Array.from(plain)
}

/** Name and port; an IPv6 address without its brackets. */
function hostOf(url: Url): readonly [string, string] {
  const [, name = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(url.part('host')) ?? []
  return [name.replace(/^\[(.*)\]$/, '$1'), port]
}

/** What cannot be read is left out, as Go does. */
function queryOf(query: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![0-9a-f]{2})/i.test(pair)) continue
    const [key = '', ...rest] = pair.split('=')
    const name = queryText(key)
    values.set(name, [...(values.get(name) ?? []), queryText(rest.join('='))])
  }
  return values
}

function queryText(text: string): string {
  return new TextDecoder().decode(unescaped(text.replaceAll('+', ' ')))
}
