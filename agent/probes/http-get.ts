import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HTTPGetAction } from '../../engine/api/types.ts'
import type { CheckResult } from './check-result.ts'

const mostRedirects = 10
const headers = { 'user-agent': 'kube-probe/gantry', accept: '*/*', connection: 'close' }

export interface HttpTarget {
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
}

/** 200 to 399 is success. Redirects are followed on the same host; one that leads elsewhere counts as success. */
export async function httpGet(action: HTTPGetAction, { host, port, signal }: HttpTarget): Promise<CheckResult> {
  const scheme = action.scheme === 'HTTPS' ? 'https' : 'http'
  const authority = host.includes(':') ? `[${host}]` : host
  let url = new URL(`${scheme}://${authority}:${port}${action.path.startsWith('/') ? '' : '/'}${action.path}`)
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const { status, location } = await get(url, { action, signal })
    if (status < 200 || status >= 400) return { ok: false, message: `HTTP probe failed with statuscode: ${status}` }
    if (status < 300 || location === undefined) return { ok: true, message: '' }
    const next = new URL(location, url)
    if (next.hostname !== url.hostname) return { ok: true, message: `redirected to ${next.hostname}, not followed` }
    url = next
  }
  return { ok: false, message: `stopped after ${mostRedirects} redirects` }
}

function get(
  url: URL,
  { action, signal }: { action: HTTPGetAction; signal: AbortSignal },
): Promise<{ status: number; location: string | undefined }> {
  const own = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]))
  const options = { agent: false, signal, headers: { ...headers, ...own } }
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location })
      // The head decides; the rest is not read.
      response.destroy()
    }
    const request =
      // As the kubelet: a probe asks whether the pod answers, not who vouches for it.
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: false }, answered)
        : httpRequest(url, options, answered)
    request.on('error', reject).end()
  })
}
