/** What the engine asks beside the session: a stream each, answered 200 once what was asked for has begun. */
import { constants } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { parseStreamPath } from '../engine/protocol/parse.ts'
import { StreamRefused } from '../engine/protocol/streams.ts'
import type { StreamRequest } from '../engine/protocol/streams.ts'

/** Carries what has begun over the stream, to its end. */
export type Carry = (stream: Duplex) => Promise<void>

/** Begins what is asked for; rejects with StreamRefused. The signal tells that the engine is gone. */
export type OpenStream = (request: StreamRequest, signal: AbortSignal) => Promise<Carry>

export async function answer(stream: ServerHttp2Stream, path: string, open: OpenStream): Promise<void> {
  const gone = new AbortController()
  // Follows from the stream's end, which `gone` tells of.
  stream.on('error', () => {})
  stream.once('close', () => gone.abort())
  let carry: Carry
  try {
    carry = await open(parseStreamPath(path), gone.signal)
  } catch (error) {
    refuse(stream, error)
    return
  }
  try {
    if (!stream.destroyed) stream.respond({ [constants.HTTP2_HEADER_STATUS]: 200 })
    await carry(stream)
  } catch {
    // It has begun, so there is no status left to tell it by: a stream that breaks off is not taken for a whole one.
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed) return
  const unknown = error instanceof TypeError ? 404 : 500
  stream.respond({ [constants.HTTP2_HEADER_STATUS]: error instanceof StreamRefused ? error.status : unknown })
  stream.end(error instanceof Error ? error.message : String(error))
}
