/** DNS messages with their names shortened, so that more answers fit into a datagram. Pure. */
import { encode, type Answer, type Question } from 'dns-packet'

export interface Message {
  readonly id: number
  readonly flags: number
  readonly questions: readonly Question[]
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly additionals: readonly Answer[]
}

const headerLength = 12
/** "As at byte 12", where the question's name stands (RFC 1035, 4.1.4). dns-packet writes every name in full. */
const sameAsQuestion = Buffer.from([0xc0, headerLength])

export function encodeMessage(message: Message): Buffer {
  const { id, flags, questions, answers, authorities, additionals } = message
  const head = encode({ type: 'response', id, flags, questions: [...questions] })
  head.writeUInt16BE(answers.length, 6)
  head.writeUInt16BE(authorities.length, 8)
  head.writeUInt16BE(additionals.length, 10)
  const asked = questions[0]?.name
  const records = [...answers, ...authorities, ...additionals].map(record => encodeRecord(record, asked))
  return Buffer.concat([head, ...records.flat()])
}

function encodeRecord(record: Answer, asked: string | undefined): readonly Buffer[] {
  const bytes = encode({ type: 'response', id: 0, flags: 0, answers: [record] }).subarray(headerLength)
  return record.name === asked ? [sameAsQuestion, bytes.subarray(nameLength(bytes))] : [bytes]
}

/** Labels, each after its length, and a zero. */
function nameLength(bytes: Buffer): number {
  let offset = 0
  for (let length = bytes[0] ?? 0; length > 0; length = bytes[offset] ?? 0) offset += length + 1
  return offset + 1
}
