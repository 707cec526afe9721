import type { PodSecurityContext, SecurityContext } from '../../../engine/api/types.ts'
import { StartError } from '../runtime.ts'

/** Who a container's main process is. */
export interface Credentials {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly noNewPrivileges: boolean
  /** What its bounding set holds; undefined leaves all. */
  readonly capabilities: readonly string[] | undefined
}

/** `nobody`: what a process of the host runs as that asks for nothing else. */
const nobody = 65534

/** What Docker and containerd leave a container by default. */
const defaultCapabilities: readonly string[] = [
  'audit_write',
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'mknod',
  'net_bind_service',
  'net_raw',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
]

/**
 * Kubernetes's meaning of the security contexts, the container's before the pod's, but for what it takes from an image:
 * a container that names no user runs as `nobody`. A user without a group, who gets the image's group of that user or
 * else 0, gets that of `nobody` here: the image would be the host, and its group 0 is not a container's.
 */
export function credentialsAsRoot(container: SecurityContext = {}, pod: PodSecurityContext = {}): Credentials {
  const uid = container.runAsUser ?? pod.runAsUser ?? nobody
  const gid = container.runAsGroup ?? pod.runAsGroup ?? (uid === 0 ? 0 : nobody)
  refuseRoot(uid, container.runAsNonRoot ?? pod.runAsNonRoot)
  const groups = [...(pod.supplementalGroups ?? []), ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])]
  const privileged = container.privileged === true
  return {
    uid,
    gid,
    groups: [...new Set(groups)].sort((a, b) => a - b),
    noNewPrivileges: !(privileged || container.allowPrivilegeEscalation === true),
    capabilities: privileged ? undefined : boundingSet(container.capabilities),
  }
}

/** An ordinary user can be nobody else: a pod that asks for another user is refused by name. */
export function credentialsAsUser(
  own: { uid: number; gid: number },
  { container = {}, pod = {} }: { container?: SecurityContext | undefined; pod?: PodSecurityContext | undefined },
): Credentials {
  const asked = [
    ['runAsUser', container.runAsUser ?? pod.runAsUser, own.uid],
    ['runAsGroup', container.runAsGroup ?? pod.runAsGroup, own.gid],
  ] as const
  for (const [field, value, has] of asked) {
    if (value === undefined || value === has) continue
    throw new StartError(
      'CreateContainerConfigError',
      `securityContext.${field} is ${value}, and Gantry runs as ${has} without the right to change it: ` +
        `leave ${field} out, or run Gantry as root`,
    )
  }
  if (container.privileged === true) {
    throw new StartError(
      'CreateContainerConfigError',
      'securityContext.privileged is true, and Gantry runs as an ordinary user: leave it out, or run Gantry as root',
    )
  }
  refuseRoot(own.uid, container.runAsNonRoot ?? pod.runAsNonRoot)
  return {
    ...own,
    groups: [],
    noNewPrivileges: container.allowPrivilegeEscalation !== true,
    capabilities: undefined,
  }
}

function refuseRoot(uid: number, runAsNonRoot: boolean | undefined): void {
  if (uid !== 0 || runAsNonRoot !== true) return
  throw new StartError(
    'CreateContainerConfigError',
    'securityContext.runAsNonRoot is true and the container would run as user 0: set runAsUser to another user',
  )
}

function boundingSet(change: SecurityContext['capabilities'] = {}): readonly string[] {
  const drop = new Set((change.drop ?? []).map(capability))
  const add = (change.add ?? []).map(capability)
  const kept = drop.has('all') ? [] : defaultCapabilities.filter(name => !drop.has(name))
  return [...new Set([...kept, ...add])].sort()
}

/** As setpriv names it: `CAP_NET_RAW` and `NET_RAW` are `net_raw`. */
function capability(name: string): string {
  return name.toLowerCase().replace(/^cap_/, '')
}

/** The arguments of setpriv(1) that make a process of root's into this one. */
export function setprivArguments(who: Credentials): readonly string[] {
  const all = who.capabilities?.includes('all') ?? true
  return [
    `--reuid=${who.uid}`,
    `--regid=${who.gid}`,
    who.groups.length > 0 ? `--groups=${who.groups.join(',')}` : '--clear-groups',
    ...(who.noNewPrivileges ? ['--no-new-privs'] : []),
    ...(all
      ? []
      : ['--inh-caps=-all', `--bounding-set=${['-all', ...(who.capabilities ?? []).map(c => `+${c}`)].join(',')}`]),
  ]
}
