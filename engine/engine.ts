/** The engine: joins the repository, the renderer, the core, the record, the agents and the server of one cluster. */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { Cluster } from './cluster/cluster.ts'
import { assignments } from './core/step.ts'
import type { ObjectChange } from './cluster/view.ts'
import { createControls } from './controls.ts'
import type { DataFolder } from './data.ts'
import { createExample } from './example.ts'
import { followBranch } from './follow.ts'
import { createGitServer } from './git/server.ts'
import { inWords } from './in-words.ts'
import { createLoop } from './loop.ts'
import type { Loop } from './loop.ts'
import { serverNames } from './fleet/names.ts'
import { openTrust } from './fleet/trust.ts'
import { createFleetControls } from './fleet-controls.ts'
import { openNodes } from './nodes.ts'
import type { NodeOptions } from './node-options.ts'
import type { NetworkMode } from './protocol/session.ts'
import { createOutbox } from './outbox.ts'
import type { Credentials } from './remotes/credentials.ts'
import { createRemotes } from './remotes/remotes.ts'
import { createRenderer } from './render/renderer.ts'
import type { Identities } from './render/sops/identities.ts'
import { createKeyRing } from './render/sops/key-ring.ts'
import { pathBelow, serve } from './serve.ts'
import type { OpenStream, Readiness } from './server/controls.ts'
import { checkFree } from './server/listen.ts'
import { createServer } from './server/server.ts'
import { createUsage } from './usage.ts'
import { createStore } from './server/store.ts'
import { openState } from './state.ts'
import { version } from '../machine/version.ts'

export interface EngineOptions {
  readonly data: DataFolder
  /** The repository to follow; undefined where the built-in server takes pushes. */
  readonly repo: string | undefined
  readonly branch: string
  readonly paths: readonly string[] | undefined
  readonly port: number
  readonly tlsPort: number
  /** Where the TLS port listens. */
  readonly listen: string
  readonly intervalSeconds: number
  /** For charts, by host. */
  readonly credentials: Credentials
  /** What runs pods on this machine; undefined where it is no node. */
  readonly agent: NodeOptions | undefined
  /** Where agents of other machines knock; undefined where there are none. */
  readonly agentsListen: { readonly host: string; readonly port: number } | undefined
  /** Names and addresses by which the engine is reached, beside those that it finds. */
  readonly tlsSans: readonly string[]
  /** What pods' addresses are, where this is not known yet; the agent of this machine decides where absent. */
  readonly network: NetworkMode | undefined
  /** What opens the repository's encrypted files; undefined where no key is given. */
  readonly identities: Identities | undefined
  /** For tests: how long certificates are good for, in milliseconds. */
  readonly certificateLifetime: number | undefined
  readonly log: Logger
  /** Gives up starting. */
  readonly signal: AbortSignal
  /** Says what is being done, for a person who waits. */
  say(line: string): void
  /** Tells of changes of the cluster's own object: a commit applied, refused, healthy. */
  onCluster(before: ClusterObject | undefined, after: ClusterObject): void
  /** The engine cannot go on. What was decided is on the observed branch, and the pods run on. */
  onFatal(error: Error): void
  /** `gantry down` asks the engine to end, so that it can stop the pods. */
  onDown(): void
}

export interface Engine {
  /** Where agents of other machines knock. */
  readonly agents: { readonly host: string; readonly port: number } | undefined
  readonly cluster: Cluster
  readonly url: string
  /** Where the followed branch is, without credentials. */
  readonly source: string
  /** Resolves when the agent of this machine can run pods. */
  readonly able: Promise<void>
  /** Resolves when the branch was read, what follows from it is recorded, and the agent is there to run it. */
  readonly ready: Promise<void>
  stop(): Promise<void>
}

const nodePorts = { from: 30_000, to: 32_767 }
/** Told to the agents and to whoever asks; without a node there is nothing to run on. */
const nodeName = hostname().toLowerCase()

/** Rejects where a part cannot start, or with the signal's reason where it gives up first; what started is ended again. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const closers: Closer[] = []
  const { signal } = options
  /** A part that came up after the engine gave up is ended at once, and nothing is started after it. */
  const own = (close: Closer): void => {
    if (signal.aborted) void close()
    signal.throwIfAborted()
    closers.push(close)
  }
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  const given = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  try {
    const parts = await Promise.race([startParts(options, own), given])
    return { ...parts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Closer = () => Promise<void> | void

/** Starts each part after those that it needs; `own` hears what ends it, to be called in the opposite order. */
async function startParts(options: EngineOptions, own: (close: Closer) => void): Promise<Omit<Engine, 'stop'>> {
  const { data, log, say } = options
  const { clusterName } = data.identity
  own(() => data.release())
  await checkFree({ host: '127.0.0.1', port: options.port, flag: '--port' })
  if (options.agentsListen !== undefined) await checkFree({ ...options.agentsListen, flag: '--agents-listen' })
  await checkFree({ host: options.listen, port: options.tlsPort, flag: '--tls-port' })
  const state = await openState(options)
  own(() => state.close())
  const { repository, now } = state
  const remotes = createRemotes({ folder: data.file('remotes'), credentials: options.credentials })
  own(() => remotes.close())
  const renderer = createRenderer({
    cacheFolder: data.file('cache'),
    remotes,
    keyRing: createKeyRing({ identities: options.identities, withoutKey: 'refuse' }),
  })
  own(() => renderer.close())
  const store = createStore()
  const registry = new Registry()
  // The event loop's delay is sampled by waking up: ten times a second, not a hundred, for an idle engine to be idle.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })

  let recordTrouble: Error | undefined
  let loop: Loop | undefined
  let checked = false
  // Without a node of its own, Gantry waits for nobody.
  const example = createExample(state.seeded && options.agent !== undefined)
  own(() => example.close())

  const cluster = new Cluster({ startVersion: state.startVersion })
  const outbox = createOutbox({
    record: changes => state.record(changes),
    reserve: upTo => state.reserve(upTo),
    publish,
    assignments: () => assignments(cluster),
    send: (node, delta) => nodes.frontDoor.send(node, delta),
    onTrouble(error) {
      if (error === undefined) say('recording works again')
      else if (error.message !== recordTrouble?.message) {
        log.error(error, 'cannot record')
        say(`what is decided cannot be recorded, so nothing is changed until it can: ${inWords(error)}`)
      }
      recordTrouble = error
    },
  })

  own(() => outbox.close())

  function publish(changes: readonly ObjectChange[]): void {
    store.publish(changes)
    for (const { ref, before, after } of changes) {
      if (ref.kind !== clusterKind || after === undefined) continue
      const object = after as ClusterObject
      example.look(object)
      state.noteProgress(object)
      options.onCluster(before as ClusterObject | undefined, object)
    }
  }

  function dispatch(event: Parameters<Loop['dispatch']>[0]): void {
    try {
      loop?.dispatch(event)
    } catch (error) {
      loop?.close()
      options.onFatal(error instanceof Error ? error : new Error(String(error)))
    }
  }

  const given = [options.listen, ...(options.agentsListen === undefined ? [] : [options.agentsListen.host])]
  const trust = await openTrust({
    folder: data.keys,
    names: serverNames(nodeName, [...given, ...options.tlsSans]),
    lifetime: options.certificateLifetime,
    onTrouble: error => log.error(error, 'a certificate is not renewed; trying again'),
  })
  own(() => trust.close())
  if (options.agent !== undefined) say('starting the agent …')
  const agent = options.agent && { ...options.agent, nodeName }
  const nodes = await openNodes({
    ...options,
    cluster,
    trust,
    agent,
    dispatch,
    heartbeat: node => loop?.heartbeat(node),
  })
  own(() => nodes.close())

  // The core starts once the first node has said what addresses this machine can have.
  const { services: serviceCIDR } = await nodes.ranges
  const restored = await state.restore(renderer)
  cluster.restore(restored, { resourceVersion: state.startVersion })
  store.restore(restored, { resourceVersion: state.startVersion, oldestWatchable: state.startVersion })
  loop = createLoop({ cluster, core: { clusterName, serviceCIDR, nodePorts }, outbox, now })
  own(() => loop?.close())
  dispatch({ kind: 'clock' })
  nodes.welcome()

  const follower = followBranch({
    repository,
    renderer,
    cluster,
    clusterName,
    branch: options.branch,
    paths: options.paths,
    source: state.source,
    intervalSeconds: options.intervalSeconds,
    ownKey: state.publicKey,
    dispatch,
    log,
  })
  own(() => follower.close())
  const gitServer = await createGitServer({
    repository,
    followed: `refs/heads/${options.branch}`,
    onPush: push => follower.onPush(push),
    onPushed: updates => follower.onPushed(updates),
  })
  own(() => gitServer.close())
  const gitPath = `/git/${clusterName}.git`
  const openStream: OpenStream = (node, request, signal) => nodes.frontDoor.open(node, request, signal)
  const server = createServer({
    store,
    token: data.token,
    version,
    git: (request, response) => gitServer.handle(request, response, pathBelow(gitPath, request.url)),
    ready,
    openStream,
    measure: createUsage(openStream, () => nodes.frontDoor.connected),
    engine: createControls({
      clusterName,
      branch: options.branch,
      state,
      store,
      follower,
      gitServer,
      url: () => url,
      trouble: () => recordTrouble,
      pending: () => outbox.pending,
      cluster,
      fleet: createFleetControls({
        trust,
        nodes,
        ownNode: agent?.nodeName,
        node: name => cluster.get('Node', name),
        dispatch,
      }),
      down: options.onDown,
    }),
    registry,
    onError: (error, request) => log.error({ error, request }, 'a request failed'),
  })

  own(() => server.close())

  say('listening …')
  const onError = (error: unknown): void => log.error(error, 'the kubeconfig is not written')
  const url = await serve(server, { ...options, trust, onError })

  say(state.source === undefined ? 'reading the branch …' : `reading ${state.source.url} …`)
  async function begin(): Promise<void> {
    await follower.check()
    checked = true
    await outbox.settled()
    await nodes.able
    await example.served
  }

  function ready(): Readiness {
    const checks = [
      { name: 'source', ok: checked, message: 'the branch has not been read yet' },
      {
        name: 'agent',
        ok: options.agent === undefined || nodes.isAble(nodeName),
        message: `the agent of node ${nodeName} is not there yet`,
      },
      { name: 'example', ok: example.isServed, message: 'the example is starting' },
      { name: 'record', ok: recordTrouble === undefined, message: `recording fails: ${recordTrouble?.message}` },
    ].map(({ message, ...check }) => (check.ok ? check : { ...check, message }))
    return { ok: checks.every(({ ok }) => ok), checks }
  }

  return {
    agents: nodes.gate,
    cluster,
    url,
    source: state.source?.url ?? `${url}${gitPath}`,
    able: nodes.able,
    ready: begin(),
  }
}
