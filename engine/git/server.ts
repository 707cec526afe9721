/** Git's smart HTTP protocol: https://git-scm.com/docs/gitprotocol-http. Who may come in is the caller's to decide. */
import type { ChildProcess } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { exitOf, spawnGit } from './git-process.ts'
import { writeHook } from './pre-receive-hook.ts'
import { Receiver } from './receive.ts'
import type { ReceiveOptions } from './receive.ts'

export type GitServerOptions = ReceiveOptions

export interface GitServer {
  /** Answers a request; `path` is what follows `/git/<cluster>.git`, without the query. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>
  /** Runs work while no push is decided or carried out: for commits that Gantry itself makes on the followed branch. */
  withPushLock<T>(work: () => Promise<T>): Promise<T>
  /** Breaks off what is in progress. */
  close(): Promise<void>
}

type Service = 'git-upload-pack' | 'git-receive-pack'

export async function createGitServer(options: GitServerOptions): Promise<GitServer> {
  const { repository } = options
  const receiver = new Receiver(options, await writeHook(repository.path))
  const running = new Map<ChildProcess, Promise<unknown>>()

  async function handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const call = readCall(request, path)
    if ('status' in call) {
      response.writeHead(call.status, { 'content-type': 'text/plain' }).end(`${call.text}\n`)
      return
    }
    const child = start(call.service, call.advertise ? ['--http-backend-info-refs'] : [], protocolOf(request))
    const work = call.advertise
      ? advertise(child, { request, response, service: call.service })
      : exchange(child, { request, response, service: call.service })
    running.set(child, work)
    // What broke is the connection or git itself: both have been told.
    await work.catch(() => undefined)
    running.delete(child)
  }

  function start(service: Service, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    if (service === 'git-receive-pack') return receiver.start(args, env)
    return spawnGit(['upload-pack', '--stateless-rpc', ...args, repository.path], {
      env,
      config: { 'transfer.hideRefs': 'refs/gantry' },
    })
  }

  return {
    handle,
    withPushLock: work => receiver.lock.hold(work),
    async close() {
      for (const child of running.keys()) child.kill()
      await Promise.allSettled(running.values())
    },
  }
}

type Call =
  | { readonly service: Service; readonly advertise: boolean }
  | { readonly status: number; readonly text: string }

function readCall({ method, url, headers }: IncomingMessage, path: string): Call {
  if (path === '/info/refs') {
    if (method !== 'GET') return { status: 405, text: 'use GET' }
    const service = new URL(url ?? '', 'http://localhost').searchParams.get('service')
    return isService(service)
      ? { service, advertise: true }
      : { status: 403, text: "only git's smart protocol is served here; use a git client of 1.6.6 or newer" }
  }
  const service = path.slice(1)
  if (!isService(service)) return { status: 404, text: `nothing is served at ${path}` }
  if (method !== 'POST') return { status: 405, text: 'use POST' }
  // A web page cannot send this type unasked, so it cannot push with a visitor's credentials.
  if (headers['content-type'] !== `application/x-${service}-request`) {
    return { status: 415, text: `the content type must be application/x-${service}-request` }
  }
  return { service, advertise: false }
}

function isService(name: string | null): name is Service {
  return name === 'git-upload-pack' || name === 'git-receive-pack'
}

/** The protocol's version as the client asks for it, where that is nothing but key=value pairs. */
function protocolOf({ headers }: IncomingMessage): Record<string, string> {
  const asked = headers['git-protocol']
  return typeof asked === 'string' && /^[a-z0-9=:]{1,64}$/.test(asked) ? { GIT_PROTOCOL: asked } : {}
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly service: Service
}

async function advertise(child: ChildProcess, { request, response, service }: Exchange): Promise<void> {
  child.stdin?.end()
  begin(response, `application/x-${service}-advertisement`)
  // From version 2 on, upload-pack's answer says by itself what it is.
  if (service === 'git-receive-pack' || protocolOf(request)['GIT_PROTOCOL']?.includes('version=2') !== true) {
    const line = `# service=${service}\n`
    response.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`)
  }
  await answer(child, response)
}

async function exchange(child: ChildProcess, { request, response, service }: Exchange): Promise<void> {
  const body = request.headers['content-encoding'] === 'gzip' ? [request, createGunzip()] : [request]
  begin(response, `application/x-${service}-result`)
  // A pusher that goes away in mid-pack ends git's input, and git drops what it had.
  const input = child.stdin ? pipeline([...body, child.stdin]) : Promise.resolve()
  // A fetcher that goes away needs no pack; a push that is whole is carried to its end.
  if (service === 'git-upload-pack') response.once('close', () => child.kill())
  await Promise.allSettled([input, answer(child, response)])
}

function begin(response: ServerResponse, type: string): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache, max-age=0, must-revalidate' })
  // A client that has heard nothing yet would send its push again when the connection breaks.
  response.flushHeaders()
}

/** Streams git's output. Where git fails it has said so in its protocol; where it is killed the connection breaks. */
async function answer(child: ChildProcess, response: ServerResponse): Promise<void> {
  const ended = exitOf(child)
  child.stderr?.resume()
  child.stdout?.pipe(response, { end: false })
  response.once('close', () => child.stdout?.resume())
  try {
    if ((await ended) !== undefined) response.end()
    else response.destroy()
  } catch (error) {
    response.destroy()
    throw error
  }
}
