/** Carries out what was decided for a pod, one action at a time a target. */
import type { Container, Pod, Uid } from '../../engine/api/types.ts'
import type { EventReport } from '../../engine/protocol/session.ts'
import type { NodeNetwork } from '../network/network.ts'
import type { Mirror } from '../mirror.ts'
import { type ContainerStatusReport, type Runtime, type SandboxState, StartError } from '../runtime/runtime.ts'
import type { VolumeFacts } from '../volumes/files.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { allContainers, containerNamed } from './containers.ts'
import type { PodAction, StartContainer, StopContainer } from './decision.ts'
import { type DnsFacts, hostAliasesOf, hostnameOf, lacksClusterDns, podDns } from './dns.ts'
import { environmentOf } from './environment.ts'
import type { Gate } from './gate.ts'
import { runHook } from './hooks.ts'
import type { SpecStore } from './spec-store.ts'

/** What the node gives to every pod. */
export interface Hands {
  readonly network: NodeNetwork
  readonly volumes: Volumes
  readonly specs: SpecStore
  readonly nodeName: string
  /** The machine's own resolv.conf. */
  readonly hostDns: DnsFacts['host']
}

export interface Performance extends Hands {
  readonly pod: Pod
  readonly mirror: Mirror
  readonly runtime: Runtime
  /** A runtime that is asked for too much at once gets slower. */
  readonly gate: Gate
  readonly ip: string | undefined
  /** Called once an image is there: false gives the start up. */
  onPulled(container: string): boolean
  onEvent(event: Omit<EventReport, 'ref'>): void
}

/** What an action brought to light; undefined: nothing that the next look at the runtime would not show. */
export type Outcome =
  | { readonly kind: 'sandbox'; readonly sandbox: SandboxState | undefined }
  | { readonly kind: 'container'; readonly status: ContainerStatusReport }
  | { readonly kind: 'removed'; readonly id: string }
  | { readonly kind: 'nothing' }

/** The least time that a container gets after its preStop has used up the grace period. */
const leastGraceSeconds = 2

export async function perform(action: PodAction, facts: Performance): Promise<Outcome> {
  const { runtime, gate, volumes } = facts
  const uid = uidOf(facts.pod)
  switch (action.kind) {
    case 'createSandbox':
      return { kind: 'sandbox', sandbox: await createSandbox(facts) }
    case 'removeSandbox':
      await gate.pass(() => runtime.removeSandbox(uid))
      return { kind: 'sandbox', sandbox: undefined }
    case 'release':
      await release(facts)
      return { kind: 'nothing' }
    case 'updateVolumes':
      await volumes.prepare(volumeFacts(facts))
      return { kind: 'nothing' }
    case 'startContainer':
      return startContainer(action, facts)
    case 'stopContainer':
      await stopContainer(action, facts)
      return { kind: 'nothing' }
    case 'removeContainer':
      await runtime.removeContainer(action.id)
      return { kind: 'removed', id: action.id }
  }
}

/** Intent first: the spec is on disk before anything of the pod exists. */
async function createSandbox(facts: Performance): Promise<SandboxState> {
  const { pod, network, runtime, volumes, specs, gate } = facts
  const uid = uidOf(pod)
  await specs.save(pod)
  for (const message of await volumes.prepare(volumeFacts(facts))) {
    facts.onEvent({ type: 'Warning', reason: 'FailedMount', message })
  }
  const hostNetwork = pod.spec.hostNetwork === true
  const ip = hostNetwork ? undefined : await network.allocate(uid)
  const { clusterDomain } = facts.mirror.settings
  const dnsFacts = { dnsAddress: network.dnsAddress, clusterDomain, host: facts.hostDns }
  const dns = podDns(pod, dnsFacts)
  if (lacksClusterDns(pod, network.dnsAddress)) {
    const message = `the pod asks for the cluster's DNS and gets the machine's: ${network.dnsRefused ?? 'there is none'}`
    facts.onEvent({ type: 'Warning', reason: 'MissingClusterDNS', message })
  }
  return gate.pass(() =>
    runtime.createSandbox({
      podUid: uid,
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name,
      hostname: hostnameOf(pod),
      ...(ip !== undefined && { ip }),
      hostNetwork,
      hostAliases: hostAliasesOf(pod, { ip, clusterDomain }),
      ...(dns && { dns }),
      ports: allContainers(pod).flatMap(container => container.ports ?? []),
      ...(pod.spec.securityContext && { securityContext: pod.spec.securityContext }),
      labels: pod.metadata.labels ?? {},
    }),
  )
}

async function startContainer({ container: name, attempt }: StartContainer, facts: Performance): Promise<Outcome> {
  const { pod, runtime, volumes, gate, network } = facts
  const container = containerNamed(pod, name)
  if (container.volumeMounts?.length && runtime.mountsRefused !== undefined) {
    throw new StartError('CreateContainerConfigError', `volumeMounts cannot be had here: ${runtime.mountsRefused}`)
  }
  const environment = environmentOf({
    ...volumeFacts(facts),
    mirror: facts.mirror,
    podIP: facts.ip,
    container,
    tellsPodIP: network.mode === 'loopback',
  })
  for (const message of environment.skipped) {
    facts.onEvent({ type: 'Warning', reason: 'InvalidEnvironmentVariableNames', message })
  }
  if (runtime.name === 'docker') await runtime.ensureImage(container.image ?? '', container.imagePullPolicy)
  if (!facts.onPulled(name)) return { kind: 'nothing' }
  const mounts = await volumes.mountsOf(container, { pod, env: environment.env })
  const status = await gate.pass(() =>
    runtime.startContainer({
      podUid: uidOf(pod),
      namespace: pod.metadata.namespace ?? '',
      podName: pod.metadata.name,
      name,
      attempt,
      ...(container.image !== undefined && { image: container.image }),
      ...(environment.command && { command: environment.command }),
      ...(environment.args && { args: environment.args }),
      ...(container.workingDir !== undefined && { workingDir: container.workingDir }),
      env: environment.env,
      mounts,
      resources: container.resources,
      ...(container.securityContext && { securityContext: container.securityContext }),
      ...(pod.spec.securityContext && { podSecurityContext: pod.spec.securityContext }),
      terminationMessagePath: container.terminationMessagePath,
      stdin: container.stdin ?? false,
      tty: container.tty ?? false,
    }),
  )
  facts.onEvent({ type: 'Normal', reason: 'Started', message: `Started container ${name}` })
  await postStart(status, { container, facts })
  return { kind: 'container', status }
}

/** A container whose postStart fails is killed, and then restarted as its policy says. */
async function postStart(
  { id, state }: ContainerStatusReport,
  { container, facts }: { container: Container; facts: Performance },
): Promise<void> {
  const handler = container.lifecycle?.postStart
  if (!handler || state.kind !== 'running') return
  const graceSeconds = facts.pod.spec.terminationGracePeriodSeconds
  try {
    await runHook(handler, { ...hookTarget(id, { container, facts }), timeoutMs: longestHookMs })
  } catch (error) {
    facts.onEvent({ type: 'Warning', reason: 'FailedPostStartHook', message: `PostStartHook failed: ${textOf(error)}` })
    await facts.runtime.stopContainer(id, { graceSeconds })
  }
}

/** Kubernetes sets no limit; a hook that hangs for longer than this never ends. */
const longestHookMs = 3_600_000

/** preStop first, within the grace period; the signal gets what is left of it. */
async function stopContainer(
  { container: name, id, graceSeconds, because }: StopContainer,
  facts: Performance,
): Promise<void> {
  const container = containerNamed(facts.pod, name)
  facts.onEvent({ type: 'Normal', reason: 'Killing', message: killing(name, because) })
  const handler = container.lifecycle?.preStop
  const begun = performance.now()
  if (handler && graceSeconds > 0) {
    try {
      await runHook(handler, { ...hookTarget(id, { container, facts }), timeoutMs: graceSeconds * 1000 })
    } catch (error) {
      facts.onEvent({ type: 'Warning', reason: 'FailedPreStopHook', message: `PreStopHook failed: ${textOf(error)}` })
    }
  }
  const left = graceSeconds - Math.round((performance.now() - begun) / 1000)
  await facts.runtime.stopContainer(id, { graceSeconds: handler ? Math.max(left, leastGraceSeconds) : graceSeconds })
}

function killing(container: string, because: StopContainer['because']): string {
  return because === 'liveness' || because === 'startup'
    ? `Container ${container} failed ${because} probe, will be restarted`
    : `Stopping container ${container}`
}

/** Everything of the pod goes, and last the spec that says that there was one. */
export async function release({ pod, network, volumes, specs }: Hands & { readonly pod: Pod }): Promise<void> {
  const uid = uidOf(pod)
  await volumes.remove(uid)
  await network.release(uid)
  await specs.remove(uid)
}

export function volumeFacts({ pod, mirror, nodeName, network }: Performance): VolumeFacts {
  const hostIP = network.hostAddress
  return { pod, mirror, nodeName, hostIP, podIP: undefined, allocatable: mirror.node()?.status?.allocatable ?? {} }
}

function hookTarget(id: string, { container, facts }: { container: Container; facts: Performance }) {
  return { container, id, host: facts.ip ?? facts.network.hostAddress, runtime: facts.runtime }
}

export function uidOf(pod: Pod): Uid {
  return pod.metadata.uid ?? ''
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
