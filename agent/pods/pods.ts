/** The pods of this node: what the engine wants of them, what runs, and a worker for each that joins the two. */
import { readFile } from 'node:fs/promises'
import type { NodeName, Pod, Uid } from '../../engine/api/types.ts'
import type { EventReport, PodReport } from '../../engine/protocol/session.ts'
import { StreamRefused } from '../../engine/protocol/streams.ts'
import type { NodeUsage } from '../../engine/protocol/streams.ts'
import type { OpenStream } from '../answers.ts'
import type { Mirror } from '../mirror.ts'
import type { NodeNetwork } from '../network/network.ts'
import { createProber } from '../probes/prober.ts'
import type { Runtime, RuntimeEvent, SandboxState } from '../runtime/runtime.ts'
import { createMeter } from '../usage.ts'
import { createVolumes } from '../volumes/volumes.ts'
import { Alarms } from './alarms.ts'
import { parseResolvConf } from './dns.ts'
import { Gate } from './gate.ts'
import { Listing } from './listing.ts'
import { moment } from './moment.ts'
import { textOf } from './facts.ts'
import { createSpecStore } from './spec-store.ts'
import { openPodStream } from './streams.ts'
import type { Place, Surroundings } from './surroundings.ts'
import { PodWorker } from './worker.ts'

export interface PodsOptions {
  readonly runtimes: ReadonlyMap<Runtime['name'], Runtime>
  readonly network: NodeNetwork
  /** Holds a folder a pod. */
  readonly folder: string
  readonly nodeName: NodeName
  onReport(report: PodReport): void
  onEvent(event: EventReport): void
}

export interface Pods {
  /** The engine's word, each time that it changed. Before the first, nothing is started or stopped. */
  apply(mirror: Mirror): void
  /** The node has another address: hostNetwork pods are probed there, and every pod's status says so. */
  moved(): void
  /** All that there is to report. */
  reports(): readonly PodReport[]
  /** What the engine wants of a pod: see `StreamRequest`. */
  readonly open: OpenStream
  isReady(uid: Uid): boolean
  /** Terminates every pod of this node with its grace, and resolves when nothing is left of them. */
  stopAll(): Promise<void>
  /** Lets go; the pods run on. */
  close(): Promise<void>
}

/** Past eight at once a Docker Engine gains nothing (measured); processes are limited by the cores. */
const atOnce: Readonly<Record<Runtime['name'], number>> = { docker: 8, process: 16 }
/** How long until a listing that may have been overtaken is made again. */
const relistMs = 500

interface Node extends NonNullable<Place> {
  readonly listing: Listing
  listed: boolean
  /** Pods released since the last listing began. */
  readonly releasedMeanwhile: Set<Uid>
}

/** Adopts what runs; a runtime that cannot be listed yet is left alone until it can. */
export async function createPods(options: PodsOptions): Promise<Pods> {
  const specs = createSpecStore(options.folder)
  const saved = await specs.load()
  const pods = new NodePods(options, {
    saved,
    hands: {
      network: options.network,
      volumes: createVolumes({ folder: options.folder, canMount: process.getuid?.() === 0 }),
      specs,
      nodeName: options.nodeName,
      hostDns: parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
    },
  })
  await pods.adopt()
  return pods
}

class NodePods implements Pods {
  readonly #options: PodsOptions
  readonly #saved: ReadonlyMap<Uid, Pod>
  readonly #workers = new Map<Uid, PodWorker>()
  readonly #places = new Map<Runtime['name'], Node>()
  readonly #unwatch: (() => void)[] = []
  readonly #alarms = new Alarms()
  readonly #around: Surroundings
  readonly #measure: () => Promise<NodeUsage>
  #mirror: Mirror | undefined
  #nodeStops = false
  #whenEmpty: (() => void) | undefined

  constructor(options: PodsOptions, { saved, hands }: { saved: ReadonlyMap<Uid, Pod>; hands: Surroundings['hands'] }) {
    this.#options = options
    this.#saved = saved
    this.#measure = createMeter([...options.runtimes.values()])
    this.#around = {
      hands,
      alarms: this.#alarms,
      prober: createProber({
        now: () => moment().now,
        onChange: uid => this.#workers.get(uid)?.wake(),
        onFailure: (target, failure) => this.#workers.get(target.podUid)?.tellOfProbe(failure),
      }),
      mirror: () => this.#mirror,
      nodeStops: () => this.#nodeStops,
      onReport: report => options.onReport(report),
      onEvent: event => options.onEvent(event),
      onReleased: uid => this.#onReleased(uid),
    }
  }

  async adopt(): Promise<void> {
    for (const runtime of this.#options.runtimes.values()) this.#open(runtime)
    for (const pod of this.#saved.values()) this.#add(pod)
    await Promise.all([...this.#places.values()].map(place => place.listing.ask()))
  }

  apply(mirror: Mirror): void {
    this.#mirror = mirror
    const wanted = new Set<Uid>()
    for (const pod of mirror.pods()) {
      const uid = pod.metadata.uid ?? ''
      wanted.add(uid)
      const worker = this.#workers.get(uid) ?? this.#add(pod)
      worker.want(pod, mirror)
    }
    for (const [uid, worker] of this.#workers) {
      if (wanted.has(uid)) continue
      if (worker.isReleased) this.#workers.delete(uid)
      else worker.want(undefined, mirror)
    }
  }

  moved(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  reports(): readonly PodReport[] {
    if (!this.#mirror) return []
    return [...this.#workers.values()].flatMap(worker => worker.report() ?? [])
  }

  readonly open: OpenStream = async (request, signal) => {
    if (request.kind === 'usage') {
      const usage = await this.#measure()
      return async stream => void stream.end(JSON.stringify(usage))
    }
    const worker = this.#workers.get(request.podUid)
    if (!worker?.place) throw new StreamRefused(404, `this node has no pod with uid ${request.podUid}`)
    const found = { pod: worker.pod, observed: worker.observed, runtime: worker.place.runtime }
    return openPodStream(request, found, signal)
  }

  isReady(uid: Uid): boolean {
    return this.#workers.get(uid)?.isReady ?? false
  }

  async stopAll(): Promise<void> {
    this.#nodeStops = true
    const empty = new Promise<void>(resolve => {
      this.#whenEmpty = resolve
    })
    for (const worker of this.#workers.values()) worker.wake()
    this.#tellIfEmpty()
    await empty
  }

  async close(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch()
    for (const { listing } of this.#places.values()) listing.close()
    for (const worker of this.#workers.values()) worker.close()
    this.#around.prober.close()
    this.#alarms.close()
  }

  // ---- Workers ----

  #add(pod: Pod): PodWorker {
    const place = this.#places.get(pod.spec.runtimeClassName === 'process' ? 'process' : 'docker')
    const worker = new PodWorker(pod, { place, around: this.#around })
    this.#workers.set(worker.uid, worker)
    return worker
  }

  #onReleased(uid: Uid): void {
    const worker = this.#workers.get(uid)
    const report = worker?.report()
    if (report && !this.#nodeStops) this.#options.onReport(report)
    for (const place of this.#places.values()) place.releasedMeanwhile.add(uid)
    const isWanted = this.#mirror?.pods().some(pod => pod.metadata.uid === uid) ?? false
    if (!isWanted) this.#workers.delete(uid)
    this.#tellIfEmpty()
  }

  #tellIfEmpty(): void {
    if ([...this.#workers.values()].every(worker => worker.isReleased)) this.#whenEmpty?.()
  }

  // ---- Runtimes ----

  #open(runtime: Runtime): void {
    let before = new Map<Uid, number>()
    const listing = new Listing({
      runtime,
      onBegin: () => {
        place.releasedMeanwhile.clear()
        before = new Map([...this.#workers].map(([uid, worker]) => [uid, worker.changes]))
      },
      onList: sandboxes => this.#onList(sandboxes, { place, before }),
      onError: error => this.#onListingFailed(runtime, error),
    })
    const place: Node = {
      runtime,
      gate: new Gate(atOnce[runtime.name]),
      listing,
      listed: false,
      releasedMeanwhile: new Set(),
      isListed: () => place.listed,
      relist: () => void listing.ask(),
    }
    this.#places.set(runtime.name, place)
    this.#unwatch.push(runtime.watch(event => this.#onRuntimeEvent(event, listing)))
  }

  #onRuntimeEvent(event: RuntimeEvent, listing: Listing): void {
    if (event.kind === 'container') this.#workers.get(event.podUid)?.observeContainer(event.status)
    // What vanished may be what we just removed: only a listing tells.
    else void listing.ask()
  }

  #onList(
    sandboxes: readonly SandboxState[],
    { place, before }: { place: Node; before: ReadonlyMap<Uid, number> },
  ): void {
    const states = new Map(sandboxes.map(state => [state.podUid, state]))
    for (const state of sandboxes) {
      // A listing may still hold what was released while it was made.
      if (this.#workers.has(state.podUid) || place.releasedMeanwhile.has(state.podUid)) continue
      const worker = this.#add(podOfSandbox(state, place.runtime))
      if (this.#mirror) worker.want(undefined, this.#mirror)
    }
    let overtaken = false
    for (const [uid, worker] of this.#workers) {
      if (worker.place !== place || worker.isReleased) continue
      const used = worker.observeListing(states.get(uid), { changesBefore: before.get(uid) ?? 0 })
      overtaken ||= !used
    }
    if (overtaken) void place.listing.ask(relistMs)
    if (place.listed) return
    place.listed = true
    for (const worker of this.#workers.values()) worker.wake()
  }

  #onListingFailed(runtime: Runtime, error: unknown): void {
    this.#options.onEvent({
      ref: { kind: 'Node', key: this.#options.nodeName },
      type: 'Warning',
      reason: 'ContainerRuntimeNotReady',
      message: `the ${runtime.name} runtime cannot list what it runs: ${textOf(error)}`,
    })
  }
}

/** A pod whose spec was lost: enough of one to stop it gracefully. */
function podOfSandbox({ podUid, namespace, name, containers }: SandboxState, runtime: Runtime): Pod {
  const names = [...new Set(containers.map(container => container.name))]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: podUid },
    spec: {
      containers: names.map(container => ({
        name: container,
        imagePullPolicy: 'IfNotPresent',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      })),
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'Default',
      ...(runtime.name === 'process' && { runtimeClassName: 'process' }),
    },
  }
}
