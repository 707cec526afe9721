/** The engine: joins the repository, the renderer, the core, the record, the agents and the server of one cluster. */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { writeFileDurably } from '../machine/files.ts'
import { startAgentProcess } from './agent-process.ts'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { Cluster } from './cluster/cluster.ts'
import type { ObjectChange } from './cluster/view.ts'
import { createControls } from './controls.ts'
import type { DataFolder } from './data.ts'
import { loadAuthority } from './fleet/authority.ts'
import { openFrontDoor } from './fleet/front-door.ts'
import { nextPodRange, rangesOf } from './fleet/ranges.ts'
import type { Ranges } from './fleet/ranges.ts'
import { followBranch } from './follow.ts'
import { createGitServer } from './git/server.ts'
import { createLoop } from './loop.ts'
import type { Loop } from './loop.ts'
import { createOutbox } from './outbox.ts'
import type { NetworkMode, NodeSettings } from './protocol/session.ts'
import { createRenderer } from './render/renderer.ts'
import type { Readiness } from './server/controls.ts'
import { kubeconfig } from './server/kubeconfig.ts'
import { createServer } from './server/server.ts'
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
  readonly runtime: 'auto' | 'docker' | 'process'
  readonly nodeAddress: string
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
  readonly cluster: Cluster
  readonly url: string
  /** Where the followed branch is, without credentials. */
  readonly source: string
  /** Resolves when the branch was read, what follows from it is recorded, and the agent is there to run it. */
  readonly ready: Promise<void>
  stop(): Promise<void>
}

/** Pods are found under `<service>.<namespace>.svc.cluster.local`, as in Kubernetes. */
const clusterDomain = 'cluster.local'
const nodePorts = { from: 30_000, to: 32_767 }
const heartbeatSeconds = 3
/** Told to the agents and to whoever asks; without a node there is nothing to run on. */
const nodeName = hostname().toLowerCase()

/** Rejects where a part cannot start, or the signal's reason where it gives up first; what started is ended again. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const closers: Closer[] = []
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  const given = new Promise<never>((_, reject) => {
    options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true })
  })
  try {
    const parts = await Promise.race([startParts(options, close => closers.push(close)), given])
    return { ...parts, ready: Promise.race([parts.ready, given]), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Closer = () => Promise<void> | void

/** Starts each part after those that it needs; `own` hears what ends it, to be called in the opposite order. */
async function startParts(options: EngineOptions, own: (close: Closer) => void): Promise<Omit<Engine, 'stop'>> {
  const { data, log, say } = options
  const { clusterName, clusterUid } = data.identity
  own(() => data.release())
  const state = await openState(options)
  own(() => state.close())
  const { repository, now } = state
  const renderer = createRenderer({ cacheFolder: data.file('cache') })
  own(() => renderer.close())
  const store = createStore()
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })

  let recordTrouble: Error | undefined
  let loop: Loop | undefined
  let checked = false
  let joined = false
  const agentJoined = deferred<void>()

  const cluster = new Cluster({ startVersion: state.startVersion })
  const outbox = createOutbox({
    record: changes => state.record(changes),
    reserve: upTo => state.reserve(upTo),
    publish,
    send: (node, delta) => frontDoor.send(node, delta),
    onTrouble(error) {
      recordTrouble = error
      if (error === undefined) log.info('recording works again')
      else log.error(error, 'cannot record; nothing is sent until it works, trying again')
    },
  })

  own(() => outbox.close())

  function publish(changes: readonly ObjectChange[]): void {
    store.publish(changes)
    for (const { ref, before, after } of changes) {
      if (ref.kind !== clusterKind || after === undefined) continue
      state.noteProgress(after as ClusterObject)
      options.onCluster(before as ClusterObject | undefined, after as ClusterObject)
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

  // The core starts once the first node has said what addresses this machine can have.
  const ranges = deferred<Ranges>()
  const started = deferred<void>()
  if (data.identity.network !== undefined) ranges.resolve(rangesOf(data.identity.network, clusterUid))

  async function settingsFor(node: string, network: NetworkMode) {
    const decided = data.identity.network
    if (decided === undefined) {
      await data.decide(network)
      ranges.resolve(rangesOf(network, clusterUid))
    } else if (decided !== network) {
      return wrongNetwork(decided, network)
    }
    const { pods, services } = await ranges.promise
    await started.promise
    const taken = new Set(cluster.list('Node').flatMap(({ spec }) => spec.podCIDR ?? []))
    const podCIDR = cluster.get('Node', node)?.spec.podCIDR ?? nextPodRange(pods, taken)
    return { clusterUid, clusterName, clusterDomain, serviceCIDR: services, podCIDR } satisfies NodeSettings
  }

  say('starting the agent …')
  const engineSocket = data.file('agent.sock')
  const frontDoor = await openFrontDoor({
    socketPath: engineSocket,
    heartbeatSeconds,
    settingsFor,
    onJoined(node, settings) {
      dispatch({ kind: 'joined', node, podCIDR: settings.podCIDR })
      joined = true
      agentJoined.resolve()
    },
    onMessage(node, message) {
      switch (message.type) {
        case 'node':
          return dispatch({ kind: 'node', node: message.node })
        case 'report':
          return dispatch({ kind: 'report', node, pods: message.pods })
        case 'events':
          return dispatch({ kind: 'events', node, events: message.events })
        case 'services':
          return dispatch({ kind: 'services', node, problems: message.problems })
        case 'acknowledged':
          return dispatch({ kind: 'acknowledged', node, resourceVersion: message.resourceVersion })
        case 'heartbeat':
          return dispatch({ kind: 'heartbeat', node })
      }
    },
    onLeft(node, reason) {
      if (reason !== undefined) log.warn({ node, reason: reason.message }, 'a session ended')
      dispatch({ kind: 'left', node })
    },
    onRefused: reason => log.warn({ reason }, 'an agent was refused'),
  })
  own(() => frontDoor.close())
  const agent = startAgentProcess({
    folder: data.file('agent'),
    engineSocket,
    nodeName,
    nodeAddress: options.nodeAddress,
    runtime: options.runtime,
    version,
    onLog: line => log.info({ agent: line }, 'agent'),
    onRestart(reason) {
      log.error({ reason }, 'the agent ended')
      // One that never joined will not by trying again: whoever waits for it should know.
      if (!joined) options.onFatal(new Error(`the agent cannot start: ${reason}`))
      else say(`the agent ended and is started again: ${reason}`)
    },
  })

  own(() => agent.stop())

  const { services: serviceCIDR } = await ranges.promise
  const restored = await state.restore(renderer)
  cluster.restore(restored, { resourceVersion: state.startVersion })
  store.restore(restored, { resourceVersion: state.startVersion, oldestWatchable: state.startVersion })
  loop = createLoop({ cluster, core: { clusterName, serviceCIDR, nodePorts }, outbox, now })
  own(() => loop?.close())
  dispatch({ kind: 'clock' })
  started.resolve()

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
  const server = createServer({
    store,
    token: data.token,
    version,
    git: (request, response) => gitServer.handle(request, response, gitPathOf(request.url, gitPath)),
    ready,
    logs: async ({ pod, request, signal }) => frontDoor.logs(pod.spec.nodeName ?? '', request, signal),
    engine: createControls({
      clusterName,
      branch: options.branch,
      paths: options.paths,
      state,
      store,
      follower,
      gitServer,
      url: () => url,
      trouble: () => recordTrouble,
      pending: () => outbox.pending,
      down: options.onDown,
    }),
    registry,
    onError: (error, request) => log.error({ error, request }, 'a request failed'),
  })

  own(() => server.close())

  say('listening …')
  const authority = await loadAuthority(data.keys, Date.now())
  const names = ['127.0.0.1', 'localhost', nodeName, options.listen]
  const tls = await authority.issueServer([...new Set(names)], Date.now())
  const { port } = await server.listen({ host: '127.0.0.1', port: options.port })
  const { key, certificate: cert } = tls
  const secure = await server.listenTls({ host: options.listen, port: options.tlsPort, key, cert })
  const url = `http://127.0.0.1:${port}`
  const tlsUrl = `https://127.0.0.1:${secure.port}`
  const config = { cluster: clusterName, server: tlsUrl, caPem: authority.certificate, token: data.token }
  await writeFileDurably(data.file('kubeconfig'), kubeconfig(config), { mode: 0o600 })

  say(state.source === undefined ? 'reading the branch …' : `reading ${state.source.url} …`)
  async function begin(): Promise<void> {
    await follower.check()
    checked = true
    await outbox.settled()
    await agentJoined.promise
  }

  function ready(): Readiness {
    const checks = [
      { name: 'source', ok: checked, message: 'the branch has not been read yet' },
      {
        name: 'agent',
        ok: frontDoor.connected.has(nodeName),
        message: `the agent of node ${nodeName} is not connected`,
      },
      { name: 'record', ok: recordTrouble === undefined, message: `recording fails: ${recordTrouble?.message}` },
    ].map(({ message, ...check }) => (check.ok ? check : { ...check, message }))
    return { ok: checks.every(({ ok }) => ok), checks }
  }

  return { cluster, url, source: state.source?.url ?? `${url}${gitPath}`, ready: begin() }
}

function wrongNetwork(was: NetworkMode, is: NetworkMode): { refused: string; remedy: string } {
  const who: Readonly<Record<NetworkMode, string>> = { bridged: 'root', loopback: 'an ordinary user' }
  return {
    refused: `this data folder was made by ${who[was]} (${was} network), and this agent runs as ${who[is]} (${is} network)`,
    remedy: `run gantry up as ${who[was]}, or give --data another folder`,
  }
}

/** What follows `/git/<cluster>.git` in a request's URL, without the query; `/` and the rest where it is another one. */
function gitPathOf(url: string | undefined, base: string): string {
  const path = (url ?? '').split('?', 1)[0] ?? ''
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(settle => (resolve = settle))
  return { promise, resolve }
}
