/** The health protocol of gRPC (grpc.health.v1.Health/Check), of which one message each way is needed. */
import { connect } from 'node:http2'
import type { CheckResult } from './check-result.ts'
import type { HttpTarget } from './http-get.ts'

const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1

export function grpcCheck(service: string, { host, port, signal }: HttpTarget): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const chunks: Buffer[] = []
    let code = ''
    const note = (headers: Record<string, unknown>) => {
      code = String(headers['grpc-status'] ?? code)
    }
    const abort = () => session.destroy(new Error('timed out'))
    signal.addEventListener('abort', abort, { once: true })
    session.on('error', reject)
    session.on('close', () => signal.removeEventListener('abort', abort))
    stream.on('error', reject)
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      session.close()
      resolve(judgeAnswer(Buffer.concat(chunks), code))
    })
    stream.end(frame(encodeRequest(service)))
  })
}

export function judgeAnswer(body: Uint8Array, code: string): CheckResult {
  if (code !== '' && code !== '0') return { ok: false, message: `service unhealthy (gRPC status ${code})` }
  // Five bytes of framing, then field 1 as a varint; an absent field is 0.
  const status = body[5] === 0x08 ? (body[6] ?? 0) : 0
  if (status === serving) return { ok: true, message: '' }
  return { ok: false, message: `service unhealthy (responded with "${names[status] ?? status}")` }
}

/** Field 1, a string. */
function encodeRequest(service: string): Buffer {
  const text = Buffer.from(service)
  return text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a]), varint(text.length), text])
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, ...varint(value >>> 7)])
}

/** Not compressed, and its length. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
