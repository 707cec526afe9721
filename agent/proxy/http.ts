/**
 * Follows the HTTP/1.x messages of one connection without changing a byte, to know when no request is under way: there
 * the connection may go on at another endpoint. What is not plainly HTTP/1.x is `opaque`, and stays where it is. Pure.
 *
 * Being wrong costs only the client itself: no two clients ever share a connection to an endpoint.
 */

/** What is known of a connection. */
export type HttpState =
  /** Not a byte in either direction. */
  | 'fresh'
  /** Every request so far has its whole answer. */
  | 'idle'
  /** A request or its answer is under way. */
  | 'busy'
  /** Both sides know that it ends with the answer that was given. */
  | 'closing'
  | 'opaque'

/** Methods that may be sent again where no answer came (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const requestLine = /^([A-Z]+) \S+ HTTP\/1\.([01])\r\n/
const statusLine = /^HTTP\/1\.([01]) (\d{3})[ \r]/

export class HttpConnection {
  #requests = new Framing({
    begins: /^[A-Z]{1,15}(?: |$)/,
    onHead: head => this.#readRequest(head),
    onEnd: () => {},
  })
  #responses = new Framing({
    begins: /^H(?:T(?:T(?:P|$)|$)|$)/,
    onHead: head => this.#readResponse(head),
    onEnd: () => this.#endResponse(),
  })
  /** Methods of the requests that wait for their answer, in order. */
  #waiting: string[] = []
  #fresh = true
  #opaque = false
  #closing = false
  #interim = false

  get state(): HttpState {
    if (this.#opaque) return 'opaque'
    if (this.#fresh) return 'fresh'
    if (this.#waiting.length > 0 || !this.#requests.atStart || !this.#responses.atStart) return 'busy'
    return this.#closing ? 'closing' : 'idle'
  }

  /** Whether what was sent since the connection was idle may be sent once more to another endpoint. */
  get mayRepeat(): boolean {
    return !this.#opaque && this.#responses.atStart && this.#waiting.every(method => idempotent.has(method))
  }

  request(chunk: Buffer): void {
    this.#fresh = false
    if (this.#opaque) return
    if (!this.#requests.push(chunk)) this.#opaque = true
  }

  response(chunk: Buffer): void {
    const unasked = this.#waiting.length === 0
    this.#fresh = false
    if (this.#opaque) return
    if ((unasked && this.#responses.atStart) || !this.#responses.push(chunk)) this.#opaque = true
  }

  #readRequest(head: string): Body {
    const [, method] = requestLine.exec(head) ?? []
    if (method === undefined || method === 'CONNECT') return 'opaque'
    this.#waiting.push(method)
    if (connectionOption(head, 'close')) this.#closing = true
    return bodyOf(head) ?? 0
  }

  #readResponse(head: string): Body {
    const [, minor, status = ''] = statusLine.exec(head) ?? []
    const method = this.#waiting[0]
    // Switching protocols is the last thing that both sides say in HTTP.
    if (minor === undefined || method === undefined || status === '101') return 'opaque'
    this.#interim = status.startsWith('1')
    if (this.#interim) return 0
    if (connectionOption(head, 'close') || (minor === '0' && !connectionOption(head, 'keep-alive')))
      this.#closing = true
    if (method === 'HEAD' || status === '204' || status === '304') return 0
    return bodyOf(head) ?? 'close'
  }

  #endResponse(): void {
    if (!this.#interim) this.#waiting.shift()
  }
}

/** A body's length in bytes, or how else its end is told: by chunks, or by the end of the connection. */
type Body = number | 'chunked' | 'close' | 'opaque'

/** Undefined where the head names none. */
function bodyOf(head: string): Body | undefined {
  const lengths = headerValues(head, 'content-length')
  const encodings = headerValues(head, 'transfer-encoding')
  if (encodings.length > 0) {
    return lengths.length === 0 && encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked'
      ? 'chunked'
      : 'opaque'
  }
  if (lengths.length === 0) return undefined
  return lengths.length === 1 && /^\d{1,15}$/.test(lengths[0] ?? '') ? Number(lengths[0]) : 'opaque'
}

function connectionOption(head: string, option: string): boolean {
  return headerValues(head, 'connection').some(value =>
    value
      .toLowerCase()
      .split(',')
      .some(word => word.trim() === option),
  )
}

const headerPatterns = {
  connection: /\r\nconnection:[ \t]*([^\r\n]*)/gi,
  'content-length': /\r\ncontent-length:[ \t]*([^\r\n]*)/gi,
  'transfer-encoding': /\r\ntransfer-encoding:[ \t]*([^\r\n]*)/gi,
}

function headerValues(head: string, name: keyof typeof headerPatterns): readonly string[] {
  return Array.from(head.matchAll(headerPatterns[name]), ([, value = '']) => value.trim())
}

/** A head that is longer is not waited for. */
const longestHead = 64 * 1024
const longestChunkLine = 4096
const headEnd = Buffer.from('\r\n\r\n')

interface MessageReader {
  /** What the first bytes of a head look like, however few of them came. */
  readonly begins: RegExp
  /** A whole head, with the line end of its last line but without the empty line. Tells what follows it. */
  onHead(head: string): Body
  onEnd(): void
}

/** Cuts one direction of a connection into messages. */
class Framing {
  readonly #reader: MessageReader
  #at: 'head' | 'length' | 'chunk size' | 'chunk' | 'trailer' | 'close' = 'head'
  /** Bytes of the body, or of the chunk with its line end, that are still to come. */
  #left = 0
  /** What came of a head or a line that is not whole yet. */
  #partial: Buffer | undefined

  constructor(reader: MessageReader) {
    this.#reader = reader
  }

  /** True between two messages. */
  get atStart(): boolean {
    return this.#at === 'head' && this.#partial === undefined
  }

  /** False where the bytes are no HTTP/1.x. */
  push(chunk: Buffer): boolean {
    let rest: Buffer | undefined = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk])
    this.#partial = undefined
    while (rest !== undefined && rest.length > 0) {
      if (this.#at === 'close') return true
      const before: Buffer = rest
      if (this.#at === 'length' || this.#at === 'chunk') rest = this.#skipBody(before)
      else if (this.#at === 'head') rest = this.#readHead(before)
      else rest = this.#readLine(before)
    }
    return rest !== undefined
  }

  /** What is left after the body's bytes. */
  #skipBody(bytes: Buffer): Buffer {
    const taken = Math.min(this.#left, bytes.length)
    this.#left -= taken
    if (this.#left === 0) {
      if (this.#at === 'chunk') this.#at = 'chunk size'
      else this.#end()
    }
    return bytes.subarray(taken)
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(headEnd)
    if (end < 0) {
      return this.#reader.begins.test(bytes.toString('latin1', 0, 16)) ? this.#keep(bytes, longestHead) : undefined
    }
    const body = this.#reader.onHead(bytes.toString('latin1', 0, end + 2))
    if (body === 'opaque') return undefined
    if (body === 'close') this.#at = 'close'
    else if (body === 'chunked') this.#at = 'chunk size'
    else if (body === 0) this.#end()
    else {
      this.#at = 'length'
      this.#left = body
    }
    return bytes.subarray(end + headEnd.length)
  }

  /** A line of chunked coding: the size of a chunk, or one of the trailer. */
  #readLine(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n')
    if (end < 0) return this.#keep(bytes, longestChunkLine)
    const rest = bytes.subarray(end + 2)
    if (this.#at === 'trailer') {
      if (end === 0) this.#end()
      return rest
    }
    const size = /^[\da-f]{1,12}(?=$|[ \t;])/i.exec(bytes.toString('latin1', 0, end))?.[0]
    if (size === undefined) return undefined
    this.#left = Number.parseInt(size, 16) + 2
    this.#at = this.#left === 2 ? 'trailer' : 'chunk'
    return rest
  }

  #keep(bytes: Buffer, limit: number): Buffer | undefined {
    if (bytes.length > limit) return undefined
    // A copy: the chunk's memory is the next one's too.
    this.#partial = Buffer.from(bytes)
    return bytes.subarray(bytes.length)
  }

  #end(): void {
    this.#at = 'head'
    this.#reader.onEnd()
  }
}
