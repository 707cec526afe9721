import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import { forbidden, unauthorized } from './status-error.ts'

/** Who may ask: whoever has the token. @throws StatusError 401 */
export type Authenticate = (request: IncomingMessage) => void

/** Takes the token as a Bearer token or as the password of Basic auth (the user's name is free: git wants one). */
export function tokenAuthentication(token: string): Authenticate {
  const expected = digest(token)
  return request => {
    const presented = presentedToken(request.headers.authorization)
    if (presented === undefined) {
      throw unauthorized('no token was sent; send the one in <data>/token as a Bearer token or as the Basic password')
    }
    // Digests are of equal length, and comparing them takes the same time wherever they differ.
    if (!timingSafeEqual(digest(presented), expected)) {
      throw unauthorized("the token is not this cluster's; send the one in <data>/token")
    }
  }
}

function presentedToken(authorization: string | undefined): string | undefined {
  const [scheme, credentials] = authorization?.trim().split(/\s+/, 2) ?? []
  if (credentials === undefined) return undefined
  if (scheme?.toLowerCase() === 'bearer') return credentials
  if (scheme?.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? undefined : pair.slice(colon + 1)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

/**
 * Refuses what a web page of another origin made a browser send: a browser that has kept the Basic password would sign
 * it. A page whose name was made to resolve to 127.0.0.1 shows by its Host header.
 * @throws StatusError 403
 */
export function refuseForeignPages(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw forbidden(`a request from a page of another origin (Sec-Fetch-Site: ${String(site)}) is refused`)
  }
}

/** On a plain loopback port, where no certificate tells whom the client meant. @throws StatusError 403 */
export function refuseForeignHosts(request: IncomingMessage): void {
  const host = (request.headers.host ?? '').replace(/:\d*$/, '').toLowerCase()
  if (!isLoopback(host)) {
    throw forbidden(`the Host header says ${JSON.stringify(host)}; ask for 127.0.0.1 or localhost, or use the TLS port`)
  }
}
