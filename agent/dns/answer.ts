/** What a zone says to a question. Pure. */
import type { Answer, Question } from 'dns-packet'
import type { Records, Zone } from './zone.ts'

export type Verdict =
  /** Not ours: for the machine's own resolvers. */
  | { readonly kind: 'forward' }
  | {
      readonly kind: 'answer'
      readonly rcode: 'NOERROR' | 'NXDOMAIN'
      readonly answers: readonly Answer[]
      readonly additionals: readonly Answer[]
      readonly authorities: readonly Answer[]
      /** The answers end with an alias of this name, which is not ours. */
      readonly outside?: string
    }

/** Short: endpoints come and go. In seconds. */
const ttl = 5
/** An alias of an alias of …: more than that is a circle. */
const longestChain = 8

/** `turn` varies from one question to the next: clients that take the first address take another one each time. */
export function answerQuestion(zone: Zone, question: Question, turn: number): Verdict {
  const { name, type } = question
  const records = recordsOf(zone, name)
  if (records === undefined) {
    if (!isOurs(zone, name)) return { kind: 'forward' }
    return { kind: 'answer', rcode: 'NXDOMAIN', answers: [], additionals: [], authorities: [authority(zone)] }
  }
  if (records.CNAME !== undefined && type !== 'CNAME') return followAlias(zone, question, turn)
  const answers = answersOf(name, records, { type, turn })
  return {
    kind: 'answer',
    rcode: 'NOERROR',
    answers,
    additionals: type === 'SRV' ? targetsOf(zone, records) : [],
    authorities: answers.length === 0 ? [authority(zone)] : [],
  }
}

function followAlias(zone: Zone, { name, type }: Question, turn: number): Verdict {
  const answers: Answer[] = []
  const common = { kind: 'answer', rcode: 'NOERROR', additionals: [], authorities: [] } as const
  let current = name
  for (let step = 0; step < longestChain; step++) {
    const records = recordsOf(zone, current)
    if (records === undefined)
      return isOurs(zone, current) ? { ...common, answers } : { ...common, answers, outside: current }
    if (records.CNAME === undefined)
      return { ...common, answers: [...answers, ...answersOf(current, records, { type, turn })] }
    answers.push({ type: 'CNAME', name: current, ttl, data: records.CNAME })
    current = records.CNAME
  }
  return { ...common, answers }
}

function answersOf(name: string, records: Records, { type, turn }: { type: string; turn: number }): Answer[] {
  switch (type) {
    case 'A':
      return rotated(records.A ?? [], turn).map(data => ({ type: 'A', name, ttl, data }))
    case 'SRV':
      return (records.SRV ?? []).map(({ target, port }) => ({
        type: 'SRV',
        name,
        ttl,
        // Equal shares: of weights only their proportion counts.
        data: { priority: 0, weight: 100, port, target },
      }))
    case 'CNAME':
      return records.CNAME === undefined ? [] : [{ type: 'CNAME', name, ttl, data: records.CNAME }]
    case 'PTR':
      return (records.PTR ?? []).map(data => ({ type: 'PTR', name, ttl, data }))
    case 'TXT':
      return records.TXT === undefined ? [] : [{ type: 'TXT', name, ttl, data: records.TXT }]
    case 'ANY':
      return ['A', 'SRV', 'CNAME', 'PTR', 'TXT'].flatMap(each => answersOf(name, records, { type: each, turn }))
    default:
      return []
  }
}

/** The addresses of the names that SRV records point to, so that nobody has to ask for them. */
function targetsOf(zone: Zone, { SRV = [] }: Records): readonly Answer[] {
  return [...new Set(SRV.map(({ target }) => target))].flatMap(name =>
    answersOf(name, zone.names.get(name.toLowerCase()) ?? {}, { type: 'A', turn: 0 }),
  )
}

function recordsOf(zone: Zone, name: string): Records | undefined {
  const key = name.toLowerCase()
  return zone.names.get(key) ?? podRecords(zone, key)
}

/** `10-244-0-7.shop.pod.cluster.local` says its own address. */
function podRecords(zone: Zone, key: string): Records | undefined {
  const suffix = `.pod.${zone.domain}`
  if (!key.endsWith(suffix)) return undefined
  const [dashed = '', namespace, ...rest] = key.slice(0, -suffix.length).split('.')
  if (namespace === undefined || rest.length > 0 || !/^\d{1,3}(?:-\d{1,3}){3}$/.test(dashed)) return undefined
  const parts = dashed.split('-').map(Number)
  return parts.every(part => part <= 255) ? { A: [parts.join('.')] } : undefined
}

function isOurs(zone: Zone, name: string): boolean {
  const key = name.toLowerCase()
  return key === zone.domain || key.endsWith(`.${zone.domain}`)
}

/** Tells resolvers how long a "no" holds. */
function authority({ domain }: Zone): Answer {
  return {
    type: 'SOA',
    name: domain,
    ttl,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    },
  }
}

function rotated<T>(list: readonly T[], turn: number): readonly T[] {
  if (list.length < 2) return list
  const start = turn % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
