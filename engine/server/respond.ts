import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, constants } from 'node:zlib'

/** Bodies above this are compressed for clients that take gzip, as Kubernetes does. */
const gzipAbove = 128 * 1024
const chunkSize = 64 * 1024

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export async function sendJson(exchange: Exchange, value: object, code = 200): Promise<void> {
  await send(exchange, [JSON.stringify(value)], { code, contentType: 'application/json' })
}

export async function sendText(exchange: Exchange, text: string, code = 200): Promise<void> {
  await send(exchange, [text], { code, contentType: 'text/plain; charset=utf-8' })
}

/**
 * Sends a body that comes in pieces. A small one goes out whole; a large one as fast as the client reads it, so that
 * it is never in memory at once.
 */
export async function send(
  exchange: Exchange,
  pieces: Iterable<string>,
  { code, contentType }: { code: number; contentType: string },
): Promise<void> {
  const { request, response } = exchange
  const chunks = inChunks(pieces)
  const head: string[] = []
  let length = 0
  for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
    head.push(next.value)
    length += next.value.length
    if (length > gzipAbove) break
  }
  response.statusCode = code
  response.setHeader('Content-Type', contentType)
  response.setHeader('Cache-Control', 'no-cache, private')
  if (length <= gzipAbove) {
    const body = Buffer.from(head.join(''))
    response.setHeader('Content-Length', body.length)
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  const body = Readable.from(followedBy(head, chunks), { objectMode: false })
  if (!acceptsGzip(request)) {
    await pipeline(body, response)
    return
  }
  response.setHeader('Content-Encoding', 'gzip')
  response.setHeader('Vary', 'Accept-Encoding')
  await pipeline(body, createGzip({ level: constants.Z_BEST_SPEED }), response)
}

function* inChunks(pieces: Iterable<string>): Generator<string, undefined> {
  let chunk = ''
  for (const piece of pieces) {
    chunk += piece
    if (chunk.length >= chunkSize) {
      yield chunk
      chunk = ''
    }
  }
  yield chunk
  return undefined
}

function* followedBy(head: readonly string[], rest: Iterable<string>): Generator<string> {
  yield* head
  yield* rest
}

function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''))
}
