/** The agent's loop: joins the session, the network, the proxy, DNS, the runtimes and the pods of one node. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { Assignments } from './assignments.ts'
import { openJournal, readJournal } from './journal.ts'
import type { Journal } from './journal.ts'
import { defaultMode } from './network/create.ts'
import type { Reserved } from './allocatable.ts'
import { describeNode } from './node.ts'
import { watchNode } from './node-watch.ts'
import type { NodeState, NodeWatch } from './node-watch.ts'
import { closeParts, startParts } from './parts.ts'
import type { Parts } from './parts.ts'
import { measure } from './pressure.ts'
import type { Runtime } from './runtime/runtime.ts'
import { createOwnAddress } from './own-address.ts'
import type { RuntimeChoice } from './runtimes.ts'
import type { EngineAccess } from './engine-access.ts'
import { linkToEngine } from './session.ts'
import type { EngineLink, EngineLinkOptions } from './session.ts'
import type { Labels, Taint } from '../engine/api/types.ts'
import type { Ref } from '../engine/api/reference.ts'
import { StreamRefused } from '../engine/protocol/streams.ts'
import type { AssignmentDelta, EventReport, NodeReport, NodeSettings, PodReport } from '../engine/protocol/session.ts'

export interface AgentOptions {
  readonly nodeName: string
  /** The agent's own folder: `<data>/agent`. */
  readonly folder: string
  readonly engine: EngineAccess
  /** What the node says of itself beyond what it finds. */
  readonly labels: Labels
  readonly taints: readonly Taint[]
  /** Kept back for what is not a pod. */
  readonly reserved: Reserved
  readonly runtime: RuntimeChoice
  readonly dockerSocket: string
  /** The address that other nodes reach this one by; found by itself where absent. */
  readonly nodeIP: string | undefined
  /** Where NodePorts listen. */
  readonly nodeAddress: string
  readonly version: string
  readonly log: Logger
  /** Tells a person. */
  say(line: string): void
  /** Without network or runtime an agent is of no use: it ends with the reason, and whoever started it tells. */
  onFatal(error: unknown): void
}

/** The node's assignments, in the agent's folder. */
export const journalName = 'assignments.jsonl'

export interface Agent {
  /** Lets go of everything; pods and the proxy run on. */
  close(): Promise<void>
}

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { nodeName } = options
  const file = join(options.folder, journalName)
  let assignments = await readJournal(file, nodeName)
  let journal: Journal | undefined = assignments && openJournal(file, assignments)
  let parts: Promise<Parts> | undefined
  /** What `parts` resolved to. */
  let running: Parts | undefined
  let watch: NodeWatch | undefined
  let link: EngineLink | undefined
  /** Reports that wait for the journal. */
  let telling: { readonly kept: Promise<void>; readonly pods: PodReport[] } | undefined
  let closed = false
  /** Why there is no session, as it was last told. */
  let trouble: string | undefined

  const address = createOwnAddress({
    given: options.nodeIP,
    known: assignments?.node(),
    onMoved(hostAddress) {
      running?.peers.moved(hostAddress)
      running?.pods.moved()
    },
    onLost: () => link?.renew(),
  })

  async function begin(settings: NodeSettings): Promise<Parts> {
    const nodeIP = address.current()
    const started = await startParts(settings, {
      ...options,
      nodeIP,
      send: message => link?.send(message),
      onReport: report,
    })
    if (assignments !== undefined && assignments.resourceVersion > 0) show(started, assignments, true)
    running = started
    watch = watchNode({
      measure: () => measure(options.folder),
      images: async () => (await Promise.all(runtimesOf(started).map(runtime => runtime.images?.() ?? []))).flat(),
      describe: state => describe(started, state),
      onChange: node => link?.send({ type: 'node', node }),
      now: Date.now,
    })
    // It may have moved meanwhile.
    const now = address.current()
    if (now !== undefined) started.peers.moved(now)
    return started
  }

  function show(to: Parts, mirror: Assignments, services: boolean): void {
    to.traffic.update(mirror, services)
    to.peers.update(mirror)
    to.pods.apply(mirror)
  }

  /**
   * What was seen of a pod is kept before it is told: an agent that is killed then, and whose probes have not run again,
   * says of a pod what the one before it said. Reports that are kept together are told together.
   */
  function report(seen: PodReport): void {
    const delta = assignments?.saw(seen)
    const kept = delta === undefined || journal === undefined ? Promise.resolve() : journal.keep(delta)
    if (telling?.kept === kept) {
      telling.pods.push(seen)
      return
    }
    const told = { kept, pods: [seen] }
    telling = told
    kept.then(() => link?.send({ type: 'report', pods: told.pods })).catch(fail)
  }

  function welcome(settings: NodeSettings): void {
    if (assignments !== undefined && assignments.settings.clusterUid !== settings.clusterUid) {
      fail(
        new Error(
          `this node belongs to cluster ${assignments.settings.clusterUid}, the engine is ${settings.clusterUid}; give the agent a data folder of its own`,
        ),
      )
      return
    }
    options.say(`in session with cluster ${settings.clusterName} as node ${nodeName}`)
    trouble = undefined
    options.engine.renewal?.up(message => link?.send(message))
    assignments ??= new Assignments(settings, nodeName)
    journal ??= openJournal(file, assignments)
    // Kept before anything is made: whoever takes the node down must know whose it is.
    parts ??= journal.keep(assignments.whole()).then(() => begin(settings))
    parts
      .then(started => {
        if (watch !== undefined) link?.send({ type: 'node', node: watch.report() })
        link?.send({ type: 'report', pods: started.pods.reports() })
        const node = { kind: 'Node', key: nodeName }
        const events = started.network.warnings.map(message => warning(node, message))
        if (events.length > 0) link?.send({ type: 'events', events })
      })
      .catch(fail)
  }

  function assign(delta: AssignmentDelta): void {
    if (assignments === undefined || parts === undefined || journal === undefined) {
      throw new Error('an assignment came before the welcome')
    }
    const mirror = assignments
    const touched = mirror.apply(delta)
    Promise.all([parts, journal.keep(delta)])
      .then(([to]) => show(to, mirror, touched.has('Service') || touched.has('EndpointSlice')))
      .catch(fail)
  }

  function describe({ network, runtimes }: Parts, state: NodeState): NodeReport {
    const { folder, version, labels, taints, reserved } = options
    return describeNode(nodeName, { network, runtimes, folder, version, labels, taints, reserved, state })
  }

  function fail(error: unknown): void {
    if (!closed) options.onFatal(error)
  }

  function hear(message: Parameters<EngineLinkOptions['onMessage']>[0]): void {
    switch (message.type) {
      case 'welcome':
        welcome(message.settings)
        return
      case 'assign':
        assign(message.delta)
        return
      case 'authorities':
      case 'certificate':
        options.engine.renewal?.hear(message)
    }
  }

  function lost(reason: Error | undefined): void {
    options.engine.renewal?.down()
    const words = reason?.message ?? 'it was closed'
    // Said once: a node may be without its engine for as long as it takes.
    if (words === trouble || (reason === undefined && trouble !== undefined)) return
    trouble = words
    options.say(`no session with the engine: ${words}; trying again, the pods run on`)
  }

  /** Whether to try again soon. */
  function refused(reason: string, remedy: string): boolean {
    if (options.engine.refused()) return true
    const words = `the engine refused this agent: ${reason}; ${remedy}`
    // A node that has pods keeps them, whatever the engine thinks of its certificate; a person may mend that.
    if (options.engine.renewal === undefined || assignments === undefined) fail(new Error(words))
    else if (words !== trouble) options.say(`${words}; trying again, the pods run on`)
    trouble = words
    return false
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    address.close()
    options.engine.renewal?.close()
    link?.close()
    await journal?.close()
    const open = await parts?.catch(() => undefined)
    watch?.close()
    if (open !== undefined) await closeParts(open)
  }

  // What ran before goes on at once; the engine may be away for long.
  if (assignments !== undefined) {
    parts = begin(assignments.settings)
    await parts
  }
  link = linkToEngine({
    network: await defaultMode(),
    dial: options.engine.dial,
    node: () => watch?.report() ?? { name: nodeName, labels: {}, taints: [], status: {} },
    onMessage: hear,
    onConnected: address.connected,
    onDown: lost,
    onRefused: refused,
    async open(request, signal) {
      if (parts === undefined) throw new StreamRefused(503, 'the agent has no pods yet')
      return (await parts).pods.open(request, signal)
    },
  })
  return { close }
}

function runtimesOf({ runtimes }: Parts): readonly Runtime[] {
  return [...runtimes.values()]
}

function warning(ref: Ref, message: string): EventReport {
  return { ref, type: 'Warning', reason: 'Network', message }
}
