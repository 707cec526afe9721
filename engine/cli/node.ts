/** `gantry node cordon|uncordon|drain`: each is a commit on the followed branch; words and order are kubectl's. */
import { setTimeout as sleep } from 'node:timers/promises'
import { drainAnnotation } from '../api/manifest.ts'
import type { Condition, Node, Pod, Uid } from '../api/types.ts'
import { drainedCondition } from '../protocol/session.ts'
import type { NodeChange, NodeChanged } from '../server/controls.ts'
import type { Client } from './client.ts'
import { CliError, usageError } from './failure.ts'
import { parseDuration } from './logs.ts'
import type { Terminal } from './terminal.ts'

/** `gantry node cordon NAME`, `gantry node uncordon NAME`. */
export async function schedule(
  client: Client,
  names: readonly string[],
  { kind, terminal }: { kind: 'cordon' | 'uncordon'; terminal: Terminal },
): Promise<void> {
  for (const name of names) {
    const changed = await change(client, name, { kind })
    terminal.write(`node/${name} ${changed.commit === undefined ? 'already ' : ''}${kind}ed\n`)
    tellCommit(changed, terminal)
  }
}

export interface DrainRequest extends Omit<Extract<NodeChange, { kind: 'drain' }>, 'kind'> {
  /** How long to wait; undefined: for as long as it takes. */
  readonly timeoutSeconds?: number
}

/** `gantry node drain NAME`: waits until the node's pods are gone. The drain goes on whether anybody waits or not. */
export async function drain(
  client: Client,
  name: string,
  { request, terminal }: { request: DrainRequest; terminal: Terminal },
): Promise<void> {
  const { timeoutSeconds, ...options } = request
  const before = await podsOn(client, name)
  const changed = await change(client, name, { kind: 'drain', ...options })
  terminal.write(`node/${name} ${changed.commit === undefined ? 'already ' : ''}cordoned\n`)
  tellCommit(changed, terminal)
  const deadline = timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutSeconds * 1000
  await follow(client, name, { before, deadline, terminal })
  terminal.write(`node/${name} drained\n`)
}

async function change(client: Client, node: string, { kind, ...options }: NodeChange): Promise<NodeChanged> {
  return client.post<NodeChanged>('/gantry/v1/nodes/schedule', { node, change: kind, ...options })
}

function tellCommit({ commit, branch }: NodeChanged, terminal: Terminal): void {
  if (commit === undefined) return
  terminal.note(`by the new commit ${commit.slice(0, 7)} on ${branch}; git pull brings it into your clone\n`)
}

const pauseMs = 500

async function follow(
  client: Client,
  name: string,
  { before, deadline, terminal }: { before: readonly Pod[]; deadline: number; terminal: Terminal },
): Promise<void> {
  const progress = new Progress(before, terminal)
  for (let told: string | undefined; ;) {
    const node = await client.get<Node>(`/api/v1/nodes/${name}`)
    progress.see(await podsOn(client, name))
    const drained = drainOf(node)
    if (drained?.status === 'True') return
    if (node.metadata.annotations?.[drainAnnotation] === undefined && told !== undefined) {
      throw new CliError(`the drain of node ${name} was called off: its manifest no longer asks for it`)
    }
    const words = drained === undefined ? '' : (drained.message ?? '')
    if (drained?.reason === 'Blocked' && words !== told) terminal.note(`cannot evict yet: ${words}\n`)
    if (drained !== undefined) told = words
    if (Date.now() > deadline) {
      throw new CliError(`node ${name} is not drained in time: ${words}`, {
        remedy: `the drain goes on; gantry node uncordon ${name} ends it`,
      })
    }
    await sleep(pauseMs)
  }
}

/** What is told of each pod, once. */
class Progress {
  readonly #left: Map<Uid, Pod>
  readonly #leaving = new Set<Uid>()
  readonly #terminal: Terminal

  constructor(pods: readonly Pod[], terminal: Terminal) {
    this.#left = new Map(pods.map(pod => [uidOf(pod), pod]))
    this.#terminal = terminal
  }

  see(pods: readonly Pod[]): void {
    const there = new Map(pods.map(pod => [uidOf(pod), pod]))
    for (const [uid, pod] of [...this.#left]) {
      const now = there.get(uid)
      if (now !== undefined && now.metadata.deletionTimestamp === undefined) continue
      const { namespace, name } = pod.metadata
      if (!this.#leaving.has(uid)) this.#terminal.write(`evicting pod ${namespace}/${name}\n`)
      this.#leaving.add(uid)
      if (now !== undefined) continue
      this.#terminal.write(`pod/${name} evicted\n`)
      this.#left.delete(uid)
    }
  }
}

function drainOf({ status }: Node): Condition | undefined {
  return (status?.conditions ?? []).find(({ type }) => type === drainedCondition)
}

async function podsOn(client: Client, node: string): Promise<readonly Pod[]> {
  const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${node}` })
  return (await client.get<{ items: readonly Pod[] }>(`/api/v1/pods?${query}`)).items
}

function uidOf({ metadata }: Pod): Uid {
  return metadata.uid ?? ''
}

/** What commander read. */
export interface DrainFlags {
  readonly force: boolean
  readonly deleteEmptydirData: boolean
  readonly gracePeriod?: string
  readonly timeout?: string
}

/** @throws CliError */
export function readDrainFlags({ force, deleteEmptydirData, gracePeriod, timeout }: DrainFlags): DrainRequest {
  if (gracePeriod !== undefined && !/^\d{1,6}$/.test(gracePeriod)) {
    throw usageError(`--grace-period must be a whole number of seconds, not ${JSON.stringify(gracePeriod)}`)
  }
  return {
    force,
    deleteEmptydirData,
    ...(gracePeriod === undefined ? {} : { gracePeriodSeconds: Number(gracePeriod) }),
    ...(timeout === undefined ? {} : { timeoutSeconds: parseDuration(timeout) }),
  }
}
