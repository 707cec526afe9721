import { constants } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { StreamRefused, streamPath } from '../protocol/streams.ts'
import type { StreamRequest } from '../protocol/streams.ts'

/** Resolves once the agent has begun what it was asked for. Rejects with StreamRefused where it refuses. */
export async function openStream(
  client: ClientHttp2Session,
  request: StreamRequest,
  signal: AbortSignal,
): Promise<Duplex> {
  const head = { ':method': 'POST', ':path': streamPath(request) }
  const stream = client.request(head, { signal, endStream: false })
  // Whoever reads or writes it meets the error there.
  stream.on('error', () => {})
  const status = await new Promise<number>((resolve, reject) => {
    stream.once('response', headers => resolve(Number(headers[constants.HTTP2_HEADER_STATUS])))
    stream.once('close', () => reject(new StreamRefused(503, 'the node closed the stream before it answered')))
  })
  if (status === 200) return stream
  stream.end()
  throw new StreamRefused(status, (await text(stream)).trim())
}
