import { mkdir } from 'node:fs/promises'
import type { ContainerInfo, ContainerInspectInfo, ImageInspectInfo } from 'dockerode'
import type { NodeName, Uid } from '../../../engine/api/types.ts'
import type { NodeNetwork } from '../../network/network.ts'
import type {
  ContainerId,
  ContainerSpec,
  ContainerStatusReport,
  ImagePresence,
  ImageRequest,
  ExecOptions,
  ExecResult,
  LogLine,
  LogOptions,
  Runtime,
  RuntimeEvent,
  SandboxSpec,
  SandboxState,
} from '../runtime.ts'
import { collect } from '../collect.ts'
import type { ContainerCounters } from '../counters.ts'
import { StartError } from '../runtime.ts'
import type { ContainerStreams } from '../streams.ts'
import { containerOptions, sandboxOptions } from './create-options.ts'
import { countersOf } from './counters.ts'
import { DockerError, dockerEngine, isStatus, orMissing } from './engine.ts'
import type { DockerEngine } from './engine.ts'
import { followEvents } from './events.ts'
import type { DockerEvent } from './events.ts'
import { attachTo, startExec } from './exec.ts'
import { Ground } from './ground.ts'
import type { Footing } from './ground.ts'
import { ensureImage, findImage, listImages } from './images.ts'
import { containerName, label, ownerFilters, sandboxName } from './labels.ts'
import { readLog } from './logs.ts'
import { networkName, removeNetwork } from './network.ts'
import { PodFiles } from './pod-files.ts'
import { sandboxState, statusOf } from './status.ts'

export interface DockerRuntimeOptions {
  /** The Engine's Unix socket (Podman's, too). */
  readonly socket: string
  readonly clusterUid: Uid
  readonly nodeName: NodeName
  readonly network: NodeNetwork
  /** The runtime's own: files that are mounted into containers. */
  readonly folder: string
}

/** Runs pods as containers of a Docker Engine that share one network namespace. */
export async function createDockerRuntime(options: DockerRuntimeOptions): Promise<Runtime> {
  const engine = dockerEngine(options.socket)
  const { Version } = await engine.call('ask the Docker Engine for its version', api => api.version())
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  return new DockerRuntime(engine, { ...options, version: Version })
}

class DockerRuntime implements Runtime {
  readonly name = 'docker'
  readonly version: string
  readonly mountsRefused = undefined
  readonly #engine: DockerEngine
  readonly #options: DockerRuntimeOptions
  readonly #files: PodFiles
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  /** Containers that this runtime is removing: their end is no news. */
  readonly #removing = new Set<ContainerId>()
  readonly #stopEvents: () => void
  readonly #ground: Ground

  constructor(engine: DockerEngine, options: DockerRuntimeOptions & { version: string }) {
    this.version = `docker://${options.version}`
    this.#engine = engine
    this.#options = options
    this.#files = new PodFiles(options.folder)
    this.#ground = new Ground(engine, { owner: options, network: options.network })
    this.#stopEvents = followEvents(engine, {
      owner: options,
      listener: {
        onEvent: event => void this.#onEvent(event).catch(() => this.#tell({ kind: 'resync' })),
        onResync: () => this.#tell({ kind: 'resync' }),
      },
    })
  }

  list(): Promise<SandboxState[]> {
    return this.#states([])
  }

  async #states(labels: readonly string[]): Promise<SandboxState[]> {
    const found = await this.#find(labels)
    const reports = await Promise.all(
      found.filter(info => info.Labels[label.role] === 'container').map(info => this.#status(info.Id)),
    )
    const containers = reports
      .filter(report => report !== undefined)
      .sort((a, b) => a.attempt - b.attempt || (a.name < b.name ? -1 : 1))
    const uids = [...new Set(found.map(info => info.Labels[label.podUid] ?? ''))].sort()
    return uids.map(podUid =>
      sandboxState(podUid, {
        found: found.filter(info => info.Labels[label.podUid] === podUid),
        containers: containers.filter(container => container.podUid === podUid),
        network: networkName(this.#options),
      }),
    )
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxState> {
    const name = sandboxName({ podUid: spec.podUid, namespace: spec.namespace, podName: spec.name })
    const isRunning = (await this.#inspect(name))?.State.Running === true
    if (!isRunning) await this.#ground.stand(footing => this.#makeSandbox(spec, { name, footing }))
    const [sandbox] = await this.#states([`${label.podUid}=${spec.podUid}`])
    if (sandbox === undefined)
      throw new Error(`the sandbox of pod ${spec.namespace}/${spec.name} was removed while it was made`)
    const { ip } = sandbox
    await this.#files.writeSandbox({ ...spec, ...(ip === undefined ? {} : { ip }) })
    return sandbox
  }

  async #makeSandbox(spec: SandboxSpec, { name, footing }: { name: string; footing: Footing }): Promise<void> {
    const { network, pauseImage: image } = footing
    const options = { owner: this.#options, image, network: network.name, givenAddress: network.givenAddresses }
    const pod = `${spec.namespace}/${spec.name}`
    try {
      await this.#engine.change(`create the sandbox of pod ${pod}`, api =>
        api.createContainer(sandboxOptions(spec, options)),
      )
    } catch (error) {
      // An earlier call, cut short, made it after all.
      if (!isStatus(error, 409)) throw error
    }
    await this.#engine.change(`start the sandbox of pod ${pod}`, api => api.getContainer(name).start())
  }

  async removeSandbox(podUid: Uid): Promise<void> {
    const found = await this.#find([`${label.podUid}=${podUid}`])
    const byRole = (role: string): ContainerInfo[] => found.filter(info => info.Labels[label.role] === role)
    // The sandbox last: while it is there the pod is still known by it.
    await Promise.all(byRole('container').map(info => this.#remove(info.Id)))
    await Promise.all(byRole('sandbox').map(info => this.#remove(info.Id)))
    await this.#files.removePod(podUid)
  }

  images(): ReturnType<typeof listImages> {
    return listImages(this.#engine)
  }

  ensureImage(image: string, request: ImageRequest): Promise<ImagePresence> {
    return ensureImage(this.#engine, image, request)
  }

  async startContainer(spec: ContainerSpec): Promise<ContainerStatusReport> {
    const name = containerName(spec, spec)
    const existing = await this.#inspect(name)
    if (existing === undefined) await this.#create(spec)
    // Created and never started: the agent died in between.
    if (existing === undefined || existing.State.Status === 'created') await this.#start(spec, name)
    const status = await this.#status(name)
    if (status === undefined)
      throw new StartError('RunContainerError', `container ${spec.name} was removed while it was started`)
    return status
  }

  async #create(spec: ContainerSpec): Promise<void> {
    const image = spec.image
    if (image === undefined || image === '') {
      throw new StartError(
        'CreateContainerConfigError',
        `container ${spec.name} has no image: set image, or runtimeClassName: process`,
      )
    }
    await this.#refuseRoot(spec, image)
    const sandboxId = sandboxName(spec)
    const create = containerOptions(spec, {
      owner: this.#options,
      image,
      sandboxId,
      shared: await this.#files.shared(spec),
    })
    try {
      await this.#engine.change(`create container ${spec.name}`, api => api.createContainer(create))
    } catch (error) {
      if (isStatus(error, 409)) return
      if (!(error instanceof DockerError) || error.status === undefined) throw error
      throw new StartError('CreateContainerError', `container ${spec.name} could not be created: ${error.reason}`)
    }
  }

  /** Kubernetes's check before a start. */
  async #refuseRoot(spec: ContainerSpec, image: string): Promise<void> {
    if ((spec.securityContext?.runAsNonRoot ?? spec.podSecurityContext?.runAsNonRoot) !== true) return
    const found = await findImage(this.#engine, image)
    if (found === undefined) throw new StartError('CreateContainerError', `image ${image} is not present on the node`)
    refuseRoot(spec, found)
  }

  async #start(spec: ContainerSpec, name: string): Promise<void> {
    try {
      await this.#engine.change(`start container ${spec.name}`, api => api.getContainer(name).start())
    } catch (error) {
      if (!(error instanceof DockerError) || error.status === undefined) throw error
      await this.#remove(name)
      throw new StartError('RunContainerError', `container ${spec.name} could not be started: ${error.reason}`)
    }
  }

  async stopContainer(id: ContainerId, { graceSeconds }: { graceSeconds: number }): Promise<void> {
    if ((await this.#inspect(id)) === undefined) return
    // Not in turn with the others: it lasts as long as the container takes.
    await this.#unlessGone(
      this.#engine.call(`stop container ${id.slice(0, 12)}`, api =>
        api.getContainer(id).stop({ t: Math.ceil(graceSeconds) }),
      ),
    )
  }

  async removeContainer(id: ContainerId): Promise<void> {
    const info = await this.#inspect(id)
    if (info === undefined) return
    await this.#remove(info.Id)
    await this.#files.removeContainer(statusOf(info, undefined))
  }

  async exec(id: ContainerId, request: { command: readonly string[]; timeoutMs: number }): Promise<ExecResult> {
    const { command, timeoutMs } = request
    return collect(await this.openExec(id, { command, stdin: false, tty: false }), timeoutMs)
  }

  async openExec(id: ContainerId, options: ExecOptions): Promise<ContainerStreams> {
    if ((await this.#inspect(id))?.State.Running !== true)
      throw new Error(`cannot run ${options.command[0]} in container ${id}: it is not running`)
    return startExec(this.#engine, { id, ...options })
  }

  async attach(id: ContainerId, { stdin }: { stdin: boolean }): Promise<ContainerStreams> {
    const info = await this.#inspect(id)
    if (info?.State.Running !== true) throw new Error(`cannot attach to container ${id}: it is not running`)
    return attachTo(this.#engine, { id, stdin: stdin && info.Config.OpenStdin, tty: info.Config.Tty })
  }

  async *logs(id: ContainerId, options: LogOptions): AsyncGenerator<LogLine> {
    const info = await this.#inspect(id)
    if (info === undefined) return
    yield* readLog(this.#engine, { id, framed: !info.Config.Tty }, options)
  }

  async usage(): Promise<readonly ContainerCounters[]> {
    const found = await this.#find([`${label.role}=container`])
    const running = found.filter(info => info.State === 'running')
    const counters = await Promise.all(running.map(({ Id }) => countersOf(this.#engine, Id)))
    return running.flatMap(({ Labels }, index) => {
      const [podUid, container, used] = [Labels[label.podUid], Labels[label.container], counters[index]]
      return podUid === undefined || container === undefined || used === undefined
        ? []
        : [{ podUid, container, ...used }]
    })
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#stopEvents()
    await this.#ground.settled()
  }

  async destroy(): Promise<void> {
    // What is being made must not appear after it was removed.
    await this.#ground.settled()
    for (const { podUid } of await this.list()) await this.removeSandbox(podUid)
    await removeNetwork(this.#engine, this.#options)
    await this.#files.removeAll()
  }

  async #onEvent({ action, id, labels }: DockerEvent): Promise<void> {
    const podUid = labels[label.podUid]
    if (podUid === undefined || this.#removing.has(id)) return
    if (labels[label.role] === 'sandbox') {
      if (action === 'die') this.#tell({ kind: 'vanished', podUid })
      return
    }
    const containerName = labels[label.container]
    if (action === 'destroy' && containerName !== undefined) this.#tell({ kind: 'vanished', podUid, containerName })
    if (action !== 'start' && action !== 'die') return
    const status = await this.#status(id)
    if (status !== undefined) this.#tell({ kind: 'container', podUid, status })
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** All of this cluster's and node's, with these labels besides. */
  #find(labels: readonly string[]): Promise<ContainerInfo[]> {
    const filters = { label: [...ownerFilters(this.#options), ...labels] }
    return this.#engine.call('list the containers of this cluster', api => api.listContainers({ all: true, filters }))
  }

  async #inspect(nameOrId: string): Promise<ContainerInspectInfo | undefined> {
    const info = await orMissing(
      this.#engine.call(`look at container ${nameOrId}`, api => api.getContainer(nameOrId).inspect()),
    )
    const { clusterUid, nodeName } = this.#options
    if (info === undefined) return undefined
    if (info.Config.Labels[label.cluster] === clusterUid && info.Config.Labels[label.node] === nodeName) return info
    throw new Error(
      `container ${nameOrId} belongs to ${info.Config.Labels[label.cluster] ?? 'nobody that Gantry knows'}, not to this cluster`,
    )
  }

  async #status(nameOrId: string): Promise<ContainerStatusReport | undefined> {
    const info = await this.#inspect(nameOrId)
    if (info === undefined) return undefined
    const status = statusOf(info, undefined)
    return status.state.kind === 'exited' ? statusOf(info, await this.#files.lastWords(status)) : status
  }

  /** By force, with the volumes that its image asked for. */
  async #remove(nameOrId: string): Promise<void> {
    const info = await this.#inspect(nameOrId)
    if (info === undefined) return
    this.#removing.add(info.Id)
    try {
      await this.#unlessGone(
        this.#engine.change(`remove container ${info.Name}`, api =>
          api.getContainer(info.Id).remove({ force: true, v: true }),
        ),
      )
      // Its last events are on their way while the call returns.
      setTimeout(() => this.#removing.delete(info.Id), 10_000).unref()
    } catch (error) {
      this.#removing.delete(info.Id)
      throw error
    }
  }

  /** 304: it had stopped. 404: it is gone. 409: its removal is under way. */
  async #unlessGone(request: Promise<unknown>): Promise<void> {
    try {
      await request
    } catch (error) {
      if (!isStatus(error, 304, 404, 409)) throw error
    }
  }
}

/** A user by name cannot be told from root. */
function refuseRoot(spec: ContainerSpec, image: ImageInspectInfo): void {
  const { securityContext: own = {}, podSecurityContext: pod = {} } = spec
  const user = String(own.runAsUser ?? pod.runAsUser ?? (image.Config.User.split(':')[0] || '0'))
  if (/^\d+$/.test(user) && Number(user) !== 0) return
  const why = /^\d+$/.test(user) ? 'would run as user 0' : `runs as "${user}", which may be root by another name`
  throw new StartError(
    'CreateContainerConfigError',
    `container ${spec.name} ${why}, and securityContext.runAsNonRoot is true: set runAsUser to the number of another user`,
  )
}
