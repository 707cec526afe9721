import gantry from '../../../package.json' with { type: 'json' }
import { chmod, readFile, realpath, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Uid } from '../../../engine/api/types.ts'
import { makePrivateFolder, writeFileDurably } from '../../../machine/files.ts'
import { bootId, processesMarked } from '../../../machine/processes.ts'
import type { NodeNetwork } from '../../network/network.ts'
import type {
  ContainerId,
  ContainerSpec,
  ContainerStatusReport,
  Runtime,
  RuntimeEvent,
  SandboxSpec,
  SandboxState,
} from '../runtime.ts'
import { collect } from '../collect.ts'
import { ImageError } from '../runtime.ts'
import { createContainers } from './containers.ts'
import { layoutOf, isSandboxRecord, pathPart, readRecords } from './files.ts'
import type { Layout, SandboxRecord } from './files.ts'
import { listenersOf } from './listeners.ts'
import { whyNotIsolated } from './machine.ts'
import { hostsFile, resolvFile } from '../sandbox-files.ts'
import { namespaceScript, plainScript, shimScript } from './scripts.ts'

export interface ProcessRuntimeOptions {
  /** The runtime's own; kept from one agent to the next. */
  readonly folder: string
  readonly clusterUid: Uid
  readonly nodeName: string
  readonly network: NodeNetwork
  /** Folders that no container may see: the agent's keys, other pods' volumes. The runtime's own is always among them. */
  readonly hidden?: readonly string[]
}

/**
 * Runs the commands of containers as processes of the host: its programs, in a root, a pid namespace and (as root) a
 * network of their own, where the machine allows that. What it does not do: images, resource limits, `stdin` and `tty`,
 * devices for privileged containers, and an IPC namespace a pod.
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<Runtime> {
  await makePrivateFolder(options.folder)
  await chmod(options.folder, 0o700)
  const folder = await realpath(options.folder)
  const layout = layoutOf(folder)
  await makePrivateFolder(layout.marks)
  // Each by a rename: a shim of the agent before this one may still be reading its own.
  await writeFileDurably(layout.shim, shimScript, { mode: 0o600 })
  await writeFileDurably(layout.namespace, namespaceScript, { mode: 0o600 })
  await writeFileDurably(layout.plain, plainScript, { mode: 0o600 })
  const refused = await whyNotIsolated(folder, layout)
  const sandboxes = new Map(
    (await readRecords(layout.sandboxes, { file: 'sandbox.json', is: isSandboxRecord })).map(s => [s.podUid, s]),
  )
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const containers = await createContainers({
    layout,
    owner: options,
    refused,
    hidden: outermost([folder, ...(options.hidden ?? [])]),
    tell: event => {
      for (const listener of listeners) listener(event)
    },
  })

  const stateOf = (record: SandboxRecord, statuses = containers.all()): SandboxState => ({
    podUid: record.podUid,
    namespace: record.namespace,
    name: record.name,
    ...(record.ip === undefined ? {} : { ip: record.ip }),
    ready: record.bootId === bootId(),
    containers: statuses.filter(status => status.podUid === record.podUid),
  })

  async function removeSandbox(podUid: Uid): Promise<void> {
    await containers.removeOfPod(podUid)
    await options.network.detach(podUid)
    await rm(layout.sandbox(pathPart(podUid)), { recursive: true, force: true })
    sandboxes.delete(podUid)
  }

  return {
    name: 'process',
    version: `process://${gantry.version}`,
    mountsRefused: refused === undefined ? undefined : `this machine forbids a mount namespace: ${refused}`,

    async list() {
      const statuses = containers.all()
      return [...sandboxes.values()]
        .sort((a, b) => (a.podUid < b.podUid ? -1 : 1))
        .map(record => stateOf(record, statuses))
    },

    async createSandbox(spec) {
      const known = sandboxes.get(spec.podUid)
      if (known !== undefined && known.bootId === bootId()) return stateOf(known)
      const record = await makeSandbox(spec, { layout, network: options.network })
      sandboxes.set(spec.podUid, record)
      return stateOf(record)
    },

    removeSandbox,

    async ensureImage(image) {
      if (image.trim() === '') throw new ImageError('InvalidImageName', 'the image has no name')
      // A process of the host has no image: whatever is named is taken as given.
      return { imageID: '' }
    },

    async startContainer(spec: ContainerSpec): Promise<ContainerStatusReport> {
      const sandbox = sandboxes.get(spec.podUid)
      if (sandbox === undefined)
        throw new Error(`container ${spec.name}: pod ${spec.podUid} has no sandbox: create it first`)
      return containers.start(spec, sandbox)
    },

    stopContainer: (id: ContainerId, { graceSeconds }) => containers.stop(id, graceSeconds * 1000),
    removeContainer: id => containers.remove(id),
    openExec: (id, request) => containers.openExec(id, request),
    exec: async (id, { command, timeoutMs }) =>
      collect(await containers.openExec(id, { command, stdin: false, tty: false }), timeoutMs),
    attach: id => containers.attach(id),
    usage: async () => containers.usage(),
    logs: (id, request) => containers.logs(id, request),
    listeners: async podUid => listenersOf(containers.processesOf(podUid)),

    async strays() {
      const ours = processesMarked({ GANTRY_CLUSTER: options.clusterUid, GANTRY_NODE: options.nodeName })
      return ours
        .filter(({ variable }) => !sandboxes.has(variable('GANTRY_POD_UID') ?? ''))
        .map(({ identity: { pid }, variable }) => {
          const [container, podUid] = [variable('GANTRY_CONTAINER'), variable('GANTRY_POD_UID')]
          return `process ${pid} is of container ${container} of pod ${podUid}, which this node has no record of; end it: kill ${pid}`
        })
    },

    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    async close() {
      listeners.clear()
      containers.close()
    },

    async destroy() {
      await Promise.all([...sandboxes.keys()].map(removeSandbox))
      containers.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What the pod's containers share: files first, so that a crash leaves nothing but an address to attach again. */
async function makeSandbox(
  spec: SandboxSpec,
  { layout, network }: { layout: Layout; network: NodeNetwork },
): Promise<SandboxRecord> {
  const folder = layout.sandbox(pathPart(spec.podUid))
  await makePrivateFolder(folder)
  const ownNetwork = !spec.hostNetwork && spec.ip !== undefined && network.mode === 'bridged'
  const path = ownNetwork && spec.ip !== undefined ? await network.attach(spec.podUid, spec.ip) : undefined
  const files = {
    hosts: spec.hostNetwork ? await readFile('/etc/hosts', 'utf8') : hostsFile(spec),
    ...(spec.dns === undefined ? {} : { 'resolv.conf': resolvFile(spec.dns) }),
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFileDurably(join(folder, name), text, { mode: 0o644 })
    // Containers run as any user, whatever the agent's umask.
    await chmod(join(folder, name), 0o644)
  }
  const record: SandboxRecord = {
    podUid: spec.podUid,
    namespace: spec.namespace,
    name: spec.name,
    hostname: spec.hostname,
    ...(spec.ip === undefined ? {} : { ip: spec.ip }),
    ...(path === undefined ? {} : { network: resolve(path) }),
    bootId: bootId(),
  }
  await writeFileDurably(join(folder, 'sandbox.json'), JSON.stringify(record), { mode: 0o600 })
  return record
}

/** Without the folders that lie inside another one: hiding that hides them. */
function outermost(folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders)].sort()
  return all.filter(folder => !all.some(other => folder.startsWith(`${other}/`)))
}
