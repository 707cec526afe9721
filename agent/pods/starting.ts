/** How a pod comes to be: its sandbox, then its containers. */
import type { Container } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'
import { type ContainerStatusReport, type SandboxState, StartError } from '../runtime/runtime.ts'
import type { VolumeFacts } from '../volumes/files.ts'
import { allContainers, containerNamed } from '../spec/containers.ts'
import type { StartContainer } from './decision.ts'
import { hostAliasesOf, hostnameOf, lacksClusterDns, podDns } from './dns.ts'
import { environmentOf } from './environment.ts'
import { hookTarget, type PodFacts, textOf, uidOf } from './facts.ts'
import { runHook } from './hooks.ts'
import { ensureImage } from './images.ts'

export interface StartFacts extends PodFacts {
  readonly mirror: Mirror
  /** Called once an image is there: false gives the start up. */
  onPulled(container: string): boolean
}

/** Intent first: the spec is on disk before anything of the pod exists. */
export async function createSandbox(facts: StartFacts): Promise<SandboxState> {
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

export async function startContainer(
  { container: name, attempt }: StartContainer,
  facts: StartFacts,
): Promise<ContainerStatusReport | undefined> {
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
  if (runtime.name === 'docker') await ensureImage(container, facts)
  if (!facts.onPulled(name)) return undefined
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
  facts.onEvent({ type: 'Normal', reason: 'Created', message: `Created container: ${name}` })
  facts.onEvent({ type: 'Normal', reason: 'Started', message: `Started container ${name}` })
  await postStart(status, { container, facts })
  return status
}

/** A container whose postStart fails is killed, and then restarted as its policy says. */
async function postStart(
  { id, state }: ContainerStatusReport,
  { container, facts }: { container: Container; facts: StartFacts },
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

export function volumeFacts({ pod, mirror, nodeName, network }: StartFacts): VolumeFacts {
  const hostIP = network.hostAddress
  return { pod, mirror, nodeName, hostIP, podIP: undefined, allocatable: mirror.node()?.status?.allocatable ?? {} }
}
