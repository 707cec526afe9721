/** From the bytes of a query to the bytes of its answer. */
import { decode, encode, type Answer, type DecodedPacket, type Packet, type Question } from 'dns-packet'
import { answerQuestion, type Verdict } from './answer.ts'
import { encodeMessage } from './message.ts'
import type { Upstream } from './upstream.ts'
import type { Zone } from './zone.ts'

export interface Responder {
  update(zone: Zone): void
  /** Undefined where the bytes deserve no answer. Never rejects. */
  respond(query: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined>
}

const flags = { authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080 }
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 }
type Rcode = keyof typeof rcodes

/** What a client without EDNS takes (RFC 1035), and the most that we send to one with it. */
const smallestUdp = 512
const largestUdp = 4096
/** What the length before a message over TCP can say. */
const largestTcp = 65_535
const headerLength = 12

export function createResponder(first: Zone, upstream: Upstream): Responder {
  let zone = first
  let turn = 0

  async function respond(bytes: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    // Answers are not answered: two servers would never end.
    if (bytes.length < headerLength || ((bytes[2] ?? 0) & 0x80) !== 0) return undefined
    if (((bytes[2] ?? 0) & 0x78) !== 0) return failure(bytes, 'NOTIMP')
    const query = tryDecode(bytes)
    const question = query?.questions?.[0]
    if (query === undefined || question === undefined || query.questions?.length !== 1) return failure(bytes, 'FORMERR')
    turn = (turn + 1) % 0xffff
    const verdict = answerQuestion(zone, question, turn)
    if (verdict.kind === 'forward') return (await upstream.ask(bytes, protocol)) ?? failure(bytes, 'SERVFAIL')
    const answers = [...verdict.answers]
    if (verdict.outside !== undefined) {
      const more = await askOutside({ name: verdict.outside, type: question.type })
      if (more === undefined) return failure(bytes, 'SERVFAIL')
      answers.push(...more)
    }
    return encodeAnswer(query, { ...verdict, answers }, protocol)
  }

  /** What the machine's resolvers say of the name that a Service is an alias of. */
  async function askOutside(question: Question): Promise<readonly Answer[] | undefined> {
    const packet: Packet = { type: 'query', id: 0, flags: flags.recursionDesired, questions: [question] }
    // Over TCP, since it is not cut there; the client's own limit is applied to the whole.
    const answer = (await upstream.ask(encode(packet), 'tcp')) ?? (await upstream.ask(encode(packet), 'udp'))
    return answer === undefined ? undefined : tryDecode(answer)?.answers
  }

  return {
    update(next) {
      zone = next
    },
    respond: (query, protocol) => respond(query, protocol).catch(() => failure(query, 'SERVFAIL')),
  }
}

function encodeAnswer(
  query: DecodedPacket,
  verdict: Extract<Verdict, { kind: 'answer' }>,
  protocol: 'udp' | 'tcp',
): Buffer {
  const { answers, additionals, authorities, rcode } = verdict
  const edns = query.additionals?.find(record => record.type === 'OPT')
  const udpSize = edns === undefined ? smallestUdp : Math.min(Math.max(edns.udpPayloadSize, smallestUdp), largestUdp)
  const size = protocol === 'tcp' ? largestTcp : udpSize
  const opt: Answer[] =
    edns === undefined
      ? []
      : [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: largestUdp,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
  const message = {
    id: query.id ?? 0,
    flags:
      flags.authoritative | flags.recursionAvailable | ((query.flags ?? 0) & flags.recursionDesired) | rcodes[rcode],
    questions: query.questions ?? [],
    answers,
    authorities,
    additionals: [...additionals, ...opt],
  }
  const whole = encodeMessage(message)
  if (whole.length <= size) return whole
  // The addresses of SRV's targets are a courtesy; without them it may fit.
  const bare = encodeMessage({ ...message, additionals: opt })
  if (bare.length <= size) return bare
  const cut = { flags: message.flags | flags.truncated, answers: [], authorities: [], additionals: opt }
  return encodeMessage({ ...message, ...cut })
}

/** Says no more than that it failed: the query's id, and its question where the header can be believed. */
function failure(query: Buffer, rcode: Rcode): Buffer | undefined {
  if (query.length < headerLength) return undefined
  const decoded = rcode === 'SERVFAIL' ? tryDecode(query) : undefined
  const opcodeAndRd = query.readUInt16BE(2) & 0x7900
  return encode({
    type: 'response',
    id: query.readUInt16BE(0),
    flags: opcodeAndRd | flags.recursionAvailable | rcodes[rcode],
    questions: decoded?.questions ?? [],
  })
}

function tryDecode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
