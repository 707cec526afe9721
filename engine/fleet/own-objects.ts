/**
 * What a node may speak of: itself, the pods bound to it, and how its proxy serves the Services that there are. What an
 * agent says beyond that is dropped: its certificate may have been stolen.
 */
import { keyOf } from '../api/reference.ts'
import type { Key } from '../api/reference.ts'
import type { Node, NodeName, Pod } from '../api/types.ts'
import { wireguardCondition, wireguardKeyOf } from '../protocol/encryption.ts'
import type { AgentMessage, EventReport, PodReport, ServiceProblem } from '../protocol/session.ts'

/** What there is. */
export interface Surroundings {
  node(name: NodeName): Node | undefined
  nodes(): readonly Node[]
  pod(key: Key): Pod | undefined
  hasService(key: Key): boolean
}

export interface Own<T> {
  readonly own: T
  /** In words for the log. What may just have been deleted, or moved, is dropped without. */
  readonly foreign: readonly string[]
}

type Spoken = Exclude<AgentMessage, { type: 'hello' | 'renew' }>

/** As long as Kubernetes lets the message of an event be. */
const longestText = 1024

/** The part of a message that the node may say. */
export function ownPart(node: NodeName, message: Spoken, around: Surroundings): Own<Spoken> {
  switch (message.type) {
    case 'report': {
      const { own, foreign } = sift(message.pods, report => foreignReport(node, report, around))
      return { own: { ...message, pods: own }, foreign }
    }
    case 'events': {
      const { own, foreign } = sift(message.events, event => foreignEvent(node, event, around))
      const events = own.map(event => ({ ...event, reason: cut(event.reason), message: cut(event.message) }))
      return { own: { ...message, events }, foreign }
    }
    case 'services': {
      const { own, foreign } = sift(message.problems, ({ namespace, name }) => {
        return around.hasService(keyOf(name, namespace)) ? undefined : ''
      })
      return { own: { ...message, problems: own.map(shortProblem) }, foreign }
    }
    case 'node':
      return ownNode(node, message, around)
    case 'acknowledged':
    case 'heartbeat':
      return { own: message, foreign: [] }
  }
}

/** Under one key WireGuard knows one node: who takes another's takes its packets' way. */
function ownNode(name: NodeName, message: Spoken & { type: 'node' }, around: Surroundings): Own<Spoken> {
  const { node } = message
  const key = wireguardKeyOf(node.status.conditions)
  const others = around.nodes().filter(({ metadata }) => metadata.name !== name)
  const whose = key && others.find(({ status }) => wireguardKeyOf(status?.conditions) === key)?.metadata.name
  const conditions = (node.status.conditions ?? []).filter(({ type }) => type !== wireguardCondition)
  const status = whose === undefined ? node.status : { ...node.status, conditions }
  return {
    own: { ...message, node: { ...node, name, status } },
    foreign: [
      ...(node.name === name ? [] : [`node ${node.name}`]),
      ...(whose === undefined ? [] : [`the WireGuard key of node ${whose}`]),
    ],
  }
}

/** What is the node's own; `judge` gives why an item is not, in words, or '' where there is nothing to tell. */
function sift<T>(items: readonly T[], judge: (item: T) => string | undefined): Own<T[]> {
  const own: T[] = []
  const foreign: string[] = []
  for (const item of items) {
    const why = judge(item)
    if (why === undefined) own.push(item)
    else if (why !== '') foreign.push(why)
  }
  return { own, foreign }
}

function foreignReport(node: NodeName, report: PodReport, around: Surroundings): string | undefined {
  const key = keyOf(report.name, report.namespace)
  const pod = around.pod(key)
  if (pod === undefined || pod.metadata.uid !== report.uid) return ''
  if (pod.spec.nodeName !== node) return `pod ${key}, which runs on ${pod.spec.nodeName ?? 'no node'}`
  const ip = 'status' in report ? report.status.podIP : undefined
  return ip === undefined || mayHave(ip, { node, pod, around }) ? undefined : `address ${ip} of pod ${key}`
}

/** Traffic for a pod's Services is sent to where its node says that it is: never to another node's pods, nor to its host. */
function mayHave(ip: string, { node, pod, around }: { node: NodeName; pod: Pod; around: Surroundings }): boolean {
  const range = around.node(node)?.spec.podCIDR
  // Addresses of 127.0.0.0/8 lead nowhere but to the node itself.
  if (range === undefined || range.startsWith('127.')) return true
  if (pod.spec.hostNetwork !== true) return isWithin(range, ip)
  return around.nodes().every(({ metadata, spec, status }) => {
    if (metadata.name === node) return true
    const isItsHost = status?.addresses?.some(({ address }) => address === ip) === true
    return !isItsHost && (spec.podCIDR === undefined || !isWithin(spec.podCIDR, ip))
  })
}

/** Every node's range is a /24. */
function isWithin(range: string, ip: string): boolean {
  return ip.startsWith(range.slice(0, range.lastIndexOf('.') + 1))
}

function foreignEvent(node: NodeName, { ref }: EventReport, around: Surroundings): string | undefined {
  if (ref.kind === 'Node') return ref.key === node ? undefined : `node ${ref.key}`
  if (ref.kind !== 'Pod') return `${ref.kind} ${ref.key}`
  const pod = around.pod(ref.key)
  if (pod === undefined) return ''
  return pod.spec.nodeName === node ? undefined : `pod ${ref.key}, which runs on ${pod.spec.nodeName ?? 'no node'}`
}

function shortProblem(problem: ServiceProblem): ServiceProblem {
  return problem.message === undefined ? problem : { ...problem, message: cut(problem.message) }
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`
}
