import { array, assert, property, integer } from 'fast-check'
import { expect, test } from 'vitest'
import { HttpConnection } from './http.ts'

/** `>` is what the client says, `<` the answer, `?` what is then known. */
type Talk = readonly (readonly ['>' | '<' | '?', string])[]

function follow(talk: Talk): string[] {
  const http = new HttpConnection()
  return talk.flatMap(([who, text]) => {
    if (who === '>') http.request(Buffer.from(text))
    if (who === '<') http.response(Buffer.from(text))
    return who === '?' ? [http.state] : []
  })
}

const get = 'GET / HTTP/1.1\r\nHost: web\r\n\r\n'
const head = 'HEAD / HTTP/1.1\r\nHost: web\r\n\r\n'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n'

const cases: readonly { name: string; talk: Talk }[] = [
  { name: 'nothing yet', talk: [['?', 'fresh']] },
  {
    name: 'a request and its answer',
    talk: [
      ['>', get],
      ['?', 'busy'],
      ['<', ok],
      ['?', 'idle'],
    ],
  },
  {
    name: 'a half head',
    talk: [
      ['>', 'GET / HT'],
      ['?', 'busy'],
      ['>', 'TP/1.1\r\n\r\n'],
      ['<', ok],
      ['?', 'idle'],
    ],
  },
  {
    name: 'a half answer',
    talk: [
      ['>', get],
      ['<', ok.slice(0, -1)],
      ['?', 'busy'],
      ['<', 'k'],
      ['?', 'idle'],
    ],
  },
  {
    name: 'chunks and a trailer',
    talk: [
      ['>', get],
      ['<', chunked.slice(0, -2)],
      ['?', 'busy'],
      ['<', '\r\n'],
      ['?', 'idle'],
    ],
  },
  {
    name: 'a body that is still sent',
    talk: [
      ['>', 'POST / HTTP/1.1\r\ncontent-LENGTH:  3 \r\n\r\nab'],
      ['?', 'busy'],
      ['<', ok],
      ['?', 'busy'],
      ['>', 'c'],
      ['?', 'idle'],
    ],
  },
  {
    name: 'a chunked request',
    talk: [
      ['>', 'PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
      ['<', ok],
      ['?', 'idle'],
    ],
  },
  {
    name: 'an answer to HEAD has no body',
    talk: [
      ['>', head],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'],
      ['?', 'idle'],
    ],
  },
  {
    name: '204 has no body',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['?', 'idle'],
    ],
  },
  {
    name: '304 has no body',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
      ['?', 'idle'],
    ],
  },
  {
    name: 'two requests at once',
    talk: [
      ['>', get + head],
      ['<', ok],
      ['?', 'busy'],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
      ['?', 'idle'],
    ],
  },
  {
    name: 'continue is no answer',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['?', 'busy'],
      ['<', ok],
      ['?', 'idle'],
    ],
  },
  {
    name: 'an upgrade',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      ['?', 'opaque'],
      ['>', get],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'an answer that ends with the connection',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 200 OK\r\n\r\nabc'],
      ['?', 'busy'],
    ],
  },
  {
    name: 'the answer says that it is the last',
    talk: [
      ['>', get],
      ['<', ok.replace('OK', 'OK\r\nConnection: foo, Close')],
      ['?', 'closing'],
    ],
  },
  {
    name: 'the client says that it is the last',
    talk: [
      ['>', get.replace('Host', 'connection: close\r\nHost')],
      ['<', ok],
      ['?', 'closing'],
    ],
  },
  {
    name: 'HTTP/1.0 ends unless kept',
    talk: [
      ['>', get.replace('1.1', '1.0')],
      ['<', ok.replace('1.1', '1.0')],
      ['?', 'closing'],
    ],
  },
  {
    name: 'HTTP/1.0 that is kept',
    talk: [
      ['>', get.replace('1.1', '1.0')],
      ['<', ok.replace('1.1 200 OK', '1.0 200 OK\r\nConnection: keep-alive')],
      ['?', 'idle'],
    ],
  },
  {
    name: 'the endpoint speaks first',
    talk: [
      ['<', '220 mail'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'an answer that nobody asked for',
    talk: [
      ['>', get],
      ['<', ok],
      ['<', 'HTTP/1.1 408 Request Timeout\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'TLS',
    talk: [
      ['>', '\u0016\u0003\u0001'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'HTTP/2',
    talk: [
      ['>', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'redis',
    talk: [
      ['>', '*1\r\n$4\r\nPING\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'a tunnel',
    talk: [
      ['>', 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'an answer of another protocol',
    talk: [
      ['>', get],
      ['<', 'ICY 200 OK\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'two lengths',
    talk: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'a length and chunks',
    talk: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'a length that is none',
    talk: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'an encoding that we do not know',
    talk: [
      ['>', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'a chunk without a size',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
      ['?', 'opaque'],
    ],
  },
  {
    name: 'a head without an end',
    talk: [
      ['>', `GET /${'a'.repeat(70_000)}`],
      ['?', 'opaque'],
    ],
  },
]

test.each(cases)('$name', ({ talk }) => {
  expect(follow(talk)).toEqual(talk.flatMap(([who, state]) => (who === '?' ? [state] : [])))
})

test('it does not matter how the bytes are cut', () => {
  const requests = Buffer.from(
    `${get}POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${head}`,
  )
  const answers = Buffer.from(
    `${ok}HTTP/1.1 100 Continue\r\n\r\n${chunked}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n`,
  )
  const cuts = array(integer({ min: 1, max: 40 }), { maxLength: 100 })
  assert(
    property(cuts, cuts, (requestCuts, answerCuts) => {
      const http = new HttpConnection()
      for (const piece of pieces(requests, requestCuts)) http.request(inPlace(piece))
      for (const piece of pieces(answers, answerCuts)) {
        expect(http.state).toBe('busy')
        http.response(inPlace(piece))
      }
      expect(http.state).toBe('idle')
    }),
  )
})

const place = Buffer.alloc(1000)
/** Each piece where the one before it was, as sockets read them. */
function inPlace(piece: Buffer): Buffer {
  return place.subarray(0, piece.copy(place))
}

function pieces(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const cut: Buffer[] = []
  let start = 0
  for (const length of lengths) {
    if (start + length >= bytes.length) break
    cut.push(bytes.subarray(start, start + length))
    start += length
  }
  return [...cut, bytes.subarray(start)]
}

test.each([
  { name: 'a GET that has no answer', talk: [['>', get]], may: true },
  { name: 'a POST', talk: [['>', get.replace('GET', 'POST')]], may: false },
  { name: 'half a head', talk: [['>', 'POST / HT']], may: true },
  {
    name: 'an answer that has begun',
    talk: [
      ['>', get],
      ['<', 'HTTP/1.1 2'],
    ],
    may: false,
  },
  { name: 'another protocol', talk: [['>', '*1\r\n']], may: false },
] satisfies { name: string; talk: Talk; may: boolean }[])('may be repeated, $name: $may', ({ talk, may }) => {
  const http = new HttpConnection()
  for (const [who, text] of talk) (who === '>' ? http.request : http.response).call(http, Buffer.from(text))
  expect(http.mayRepeat).toBe(may)
})
