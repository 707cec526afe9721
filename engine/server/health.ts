import type { Readiness } from './controls.ts'
import type { Exchange } from './respond.ts'
import { sendText } from './respond.ts'

/** The paths that are answered without a token. */
export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz'])

/**
 * `/healthz` and `/livez` say that the process answers, `/readyz` that it does its work. `?verbose` lists the checks;
 * why one fails is only told to whoever has the token.
 */
export async function serveHealth(
  exchange: Exchange,
  url: URL,
  { ready, isTrusted }: { ready: () => Readiness; isTrusted: boolean },
): Promise<void> {
  const { ok, checks } = url.pathname === '/readyz' ? ready() : { ok: true, checks: [{ name: 'ping', ok: true }] }
  const name = url.pathname.slice(1)
  if (ok && !url.searchParams.has('verbose')) return sendText(exchange, 'ok')
  const lines = checks.map(check => {
    if (check.ok) return `[+]${check.name} ok`
    return `[-]${check.name} failed: ${isTrusted ? (check.message ?? 'not ready') : 'reason withheld'}`
  })
  await sendText(exchange, [...lines, `${name} check ${ok ? 'passed' : 'failed'}`, ''].join('\n'), ok ? 200 : 503)
}
