/** GET, with an end: bounded in size, time and redirects, and to hosts that are allowed alone. */
import { request as requestHttp } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFetchUrl } from '../api/remote-names.ts'
import { version } from '../../machine/version.ts'
import { RemoteFailure } from './failure.ts'
import { expectAllowed, hostOf } from './hosts.ts'
import type { Patience, Way } from './way.ts'

export interface DownloadOptions {
  /** `spec.remotes.hosts` of gantry.yaml. */
  readonly hosts: readonly string[]
  readonly maxBytes: number
  readonly patience: Patience
  /** The Authorization header for a host; each hop asks for its own, so that no secret goes to another host. */
  readonly authorize: (host: string) => string | undefined
  readonly accept?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Empty unless the status is 200. */
  readonly body: Buffer
}

const maxRedirects = 5

/** Gives any answer that is no redirect and that another try would not better; `expectOk` says what is wrong with it. */
export async function download(url: string, options: DownloadOptions): Promise<Answer> {
  for (const pause of options.patience.again) {
    try {
      return await follow(url, options)
    } catch (error) {
      if (!(error instanceof RemoteFailure && error.code === 'Unreachable')) throw error
    }
    await sleep(pause)
  }
  return await follow(url, options)
}

async function follow(url: string, options: DownloadOptions): Promise<Answer> {
  let at = url
  for (let hop = 0; hop <= maxRedirects; hop++) {
    expectAllowed(at, options.hosts)
    const answer = await get(at, options)
    const { location } = answer.headers
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer
    const next = URL.canParse(location, at) ? new URL(location, at).href : ''
    if (!isFetchUrl(next.replace(/#.*$/, '')) || (at.startsWith('https:') && !next.startsWith('https:'))) {
      throw new RemoteFailure('Refused', `${shown(at)} leads to an address that is not fetched`, 'name another source')
    }
    at = next
  }
  throw new RemoteFailure('Refused', `${shown(url)} leads on more than ${maxRedirects} times`, 'name another source')
}

function get(url: string, options: DownloadOptions): Promise<Answer> {
  const { patience, accept = '*/*', authorize } = options
  const authorization = authorize(hostOf(url))
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
      agent: false,
      timeout: patience.idle,
      signal: AbortSignal.timeout(patience.total),
      headers: {
        accept,
        'user-agent': `gantry/${version}`,
        // What is checked by its digest are the bytes as they are kept there.
        'accept-encoding': 'identity',
        ...(authorization === undefined ? {} : { authorization }),
      },
    })
    const fail = (error: Error): void => reject(error instanceof RemoteFailure ? error : unreachable(url, error))
    request.on('timeout', () => request.destroy(new Error(`no sign of life for ${patience.idle / 1000} s`)))
    request.on('error', fail)
    request.on('response', response => void receive(response, { url, options }).then(resolve, fail))
    request.end()
  })
}

async function receive(
  response: IncomingMessage,
  { url, options: { maxBytes } }: { url: string; options: DownloadOptions },
): Promise<Answer> {
  const { statusCode: status = 0, headers } = response
  if (status === 408 || status === 429 || status >= 500) {
    response.destroy()
    throw new RemoteFailure('Unreachable', `${shown(url)} answers ${status}`, tryLater)
  }
  const chunks: Buffer[] = []
  let size = 0
  if (status === 200) {
    const tooLarge = new RemoteFailure(
      'Unfit',
      `${shown(url)} is larger than ${maxBytes >> 10} KiB, the most that is fetched`,
      'name another source',
    )
    if (Number(headers['content-length']) > maxBytes) size = Infinity
    if (size <= maxBytes) {
      for await (const chunk of response) {
        size += (chunk as Buffer).length
        if (size > maxBytes) break
        chunks.push(chunk as Buffer)
      }
    }
    if (size > maxBytes) {
      response.destroy()
      throw tooLarge
    }
  }
  response.destroy()
  return { status, headers, body: Buffer.concat(chunks) }
}

const tryLater = 'nothing needs to be done here: it is tried again; what was accepted before goes on'

function unreachable(url: string, error: Error): RemoteFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code)) {
    return new RemoteFailure(
      'Refused',
      `the certificate of ${shown(url)} is not trusted: ${error.message}`,
      'where it is right, name the file of its authority: NODE_EXTRA_CA_CERTS=FILE gantry …',
    )
  }
  const why = error.name === 'AbortError' || error.name === 'TimeoutError' ? 'it takes too long' : error.message
  return new RemoteFailure('Unreachable', `${shown(url)} cannot be reached: ${why}`, tryLater)
}

/** The body of an answer that is as it should be. */
export async function fetchBytes(
  url: string,
  { way, maxBytes }: { readonly way: Way; readonly maxBytes: number },
): Promise<Buffer> {
  const answer = await download(url, { ...way, authorize: way.credentials, maxBytes })
  expectOk(answer, url)
  return answer.body
}

/** Throws `Refused` where the answer is not 200. */
export function expectOk({ status }: Answer, url: string): void {
  if (status === 200) return
  if (status === 401 || status === 403) {
    throw new RemoteFailure(
      'Refused',
      `${shown(url)} asks for other credentials (${status})`,
      `log in with docker login or helm registry login, and name that file with --registry-config`,
    )
  }
  throw new RemoteFailure('Refused', `${shown(url)} answers ${status}`, 'check its address, name and version')
}

/** An address as a message shows it: what follows a question mark may be a signature that lets anybody in. */
export function shown(url: string): string {
  return url.replace(/[?#].*$/, '')
}
