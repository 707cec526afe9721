import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server as NodeServer, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Registry } from 'prom-client'
import type { Authenticate } from './access.ts'
import { isLoopback, refuseForeignHosts, refuseForeignPages, tokenAuthentication } from './access.ts'
import type { EngineControls, OpenStream, Readiness } from './controls.ts'
import { StreamRefused } from '../protocol/streams.ts'
import { Refused } from './controls.ts'
import { serveGantryApi } from './gantry-api.ts'
import { healthPaths, serveHealth } from './health.ts'
import { createKubeApi } from './kube-api.ts'
import type { MeasureUsage } from './metrics-api.ts'
import type { Listening } from './listen.ts'
import { listen } from './listen.ts'
import type { Route } from './metrics.ts'
import { createHttpMetrics } from './metrics.ts'
import { flag } from './read-options.ts'
import type { Exchange } from './respond.ts'
import { sendJson, sendText } from './respond.ts'
import { ofStream, StatusError, unknownPath } from './status-error.ts'
import type { Store } from './store.ts'
import { createUpgrades, plainExchange, refuseForeignOrigins } from './streams/upgrade.ts'
import type { Upgrade } from './streams/upgrade.ts'

export interface ServerOptions {
  readonly store: Store
  /** What every request but those for health must show. */
  readonly token: string
  /** Gantry's version. */
  readonly version: string
  /** The built-in git server; called for /git/ once the client has shown the token. */
  readonly git: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  readonly ready: () => Readiness
  readonly openStream: OpenStream
  readonly measure: MeasureUsage
  readonly engine: EngineControls
  readonly registry: Registry
  /** Told of requests that failed by our own fault. */
  readonly onError: (error: unknown, request: string) => void
  /** How often watchers that asked for bookmarks get one. A minute by default. */
  readonly bookmarkIntervalMs?: number
}

export interface Server {
  /** Plain HTTP, on loopback only. */
  listen(at: { host: string; port: number }): Promise<Listening>
  /** @param at.cert PEM, the certificate first, then those that lead to the CA. */
  listenTls(at: { host: string; port: number; key: string; cert: string }): Promise<Listening>
  /** Another certificate for the connections to come. */
  renewTls(pair: { key: string; cert: string }): void
  /** Ends every watch and log, then every connection. */
  close(): Promise<void>
}

/** Idle connections are kept longer than clients keep theirs, so that none is closed just as a request is sent on it. */
const keepAliveMs = 120_000
const minVersion = 'TLSv1.2'
/** A command to run in a pod is part of the URL, and may be a whole script. */
const limits = { maxHeaderSize: 32 * 1024 }
/** What is being answered when the server closes may take this long to finish. */
const closeGraceMs = 1_000

export function createServer(options: ServerOptions): Server {
  const authenticate = tokenAuthentication(options.token)
  const kubeApi = createKubeApi(options)
  const upgrades = createUpgrades(options.openStream)
  const metrics = createHttpMetrics(options.registry, () => kubeApi.watches)
  const servers: NodeServer[] = []
  const secureServers: HttpsServer[] = []
  const bookmarks = setInterval(() => {
    for (const watch of kubeApi.watches) watch.bookmark()
  }, options.bookmarkIntervalMs ?? 60_000)
  bookmarks.unref()

  return {
    async listen({ host, port }) {
      if (!isLoopback(host)) {
        throw new Error(
          `listening on ${host} without TLS is refused, for it would send the token readable over the network; ` +
            'listen on 127.0.0.1, or use the TLS port',
        )
      }
      return start(createHttpServer(limits, listener({ isPlain: true })), { host, port, flag: '--port', isPlain: true })
    },
    async listenTls({ host, port, key, cert }) {
      const server = createHttpsServer({ ...limits, key, cert, minVersion }, listener({ isPlain: false }))
      secureServers.push(server)
      return start(server, { host, port, flag: '--tls-port', isPlain: false })
    },
    renewTls({ key, cert }) {
      for (const server of secureServers) server.setSecureContext({ key, cert, minVersion })
    },
    async close() {
      clearInterval(bookmarks)
      const closing = servers.map(server => new Promise(resolve => server.close(resolve)))
      for (const watch of kubeApi.watches) watch.end()
      upgrades.close()
      const whenIdle = setInterval(() => {
        for (const server of servers) server.closeIdleConnections()
      }, 20)
      const grace = setTimeout(() => {
        for (const server of servers) server.closeAllConnections()
      }, closeGraceMs)
      await Promise.all(closing)
      clearInterval(whenIdle)
      clearTimeout(grace)
    },
  }

  async function start(
    server: NodeServer,
    at: { host: string; port: number; flag: string; isPlain: boolean },
  ): Promise<Listening> {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const upgrade = { request, socket, head }
      // Whoever went away is told of by the socket's end.
      socket.on('error', () => {})
      answerUpgrade(upgrade, at.isPlain).catch((error: unknown) => fail(plainExchange(upgrade), error))
    })
    server.keepAliveTimeout = keepAliveMs
    // A push may take as long as it takes; what is limited is how long a client may dawdle over the headers.
    server.requestTimeout = 0
    server.headersTimeout = 30_000
    const listening = await listen(server, at)
    servers.push(server)
    return listening
  }

  function listener({ isPlain }: { isPlain: boolean }): RequestListener {
    return (request, response) => {
      const exchange = { request, response }
      answer(exchange, isPlain).catch((error: unknown) => fail(exchange, error))
    }
  }

  async function answer(exchange: Exchange, isPlain: boolean): Promise<void> {
    const { request, response } = exchange
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (isPlain) refuseForeignHosts(request)
    refuseForeignPages(request)
    const url = requestUrl(request)
    const route = routeOf(url.pathname)
    const lasts = flag(url.searchParams, 'watch') || flag(url.searchParams, 'follow')
    if (!lasts) metrics.observe(response, { method: request.method ?? '', route })
    if (route === 'health') {
      return serveHealth(exchange, url, { ready: options.ready, isTrusted: isTrusted(request, authenticate) })
    }
    authenticate(request)
    switch (route) {
      case 'git':
        return options.git(request, response)
      case 'metrics':
        return sendText(exchange, await options.registry.metrics())
      case 'gantry':
        return serveGantryApi(exchange, url, options.engine)
      case 'api':
        return kubeApi.serve(exchange, url)
      default:
        throw unknownPath()
    }
  }

  async function answerUpgrade(upgrade: Upgrade, isPlain: boolean): Promise<void> {
    const { request } = upgrade
    if (isPlain) refuseForeignHosts(request)
    refuseForeignPages(request)
    refuseForeignOrigins(request)
    authenticate(request)
    const url = requestUrl(request)
    await upgrades.serve(upgrade, { ...kubeApi.podStream(url), query: url.searchParams })
  }

  async function fail(exchange: Exchange, error: unknown): Promise<void> {
    const { request, response } = exchange
    const known = statusOf(error)
    // Once the client has gone, or the response has begun, there is nobody to tell and no way to.
    const isGone = response.destroyed || response.writableEnded
    if (known === undefined && !isGone) options.onError(error, `${request.method} ${request.url?.split('?')[0]}`)
    if (response.headersSent || isGone) {
      response.destroy()
      return
    }
    const status = known ?? new StatusError('Internal error occurred', { code: 500, reason: 'InternalError' })
    if (status.code === 401) response.setHeader('WWW-Authenticate', 'Basic realm="gantry", charset="UTF-8"')
    if (status.code === 405) response.setHeader('Allow', 'GET, HEAD')
    // The rest of a body that nobody reads would be taken for the next request.
    if (!request.complete) response.setHeader('Connection', 'close')
    await sendJson(exchange, status.toStatus(), status.code)
  }
}

function requestUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://gantry')
  } catch {
    throw unknownPath()
  }
}

function routeOf(path: string): Route {
  if (healthPaths.has(path)) return 'health'
  const [first] = path.slice(1).split('/', 1)
  switch (first) {
    case 'api':
    case 'apis':
    case 'version':
      return 'api'
    case 'git':
    case 'gantry':
    case 'metrics':
      return first
    default:
      return 'other'
  }
}

function isTrusted(request: IncomingMessage, authenticate: Authenticate): boolean {
  try {
    authenticate(request)
    return true
  } catch {
    return false
  }
}

/** Undefined for what is our own fault. */
function statusOf(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error
  if (error instanceof StreamRefused) return ofStream(error)
  if (!(error instanceof Refused)) return undefined
  return new StatusError(`${error.message}; ${error.remedy}`, { code: 409, reason: 'Conflict' })
}
