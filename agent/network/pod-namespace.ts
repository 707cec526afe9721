/** A process pod's network: a namespace joined to the bridge by a veth pair. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Uid } from '../../engine/api/types.ts'
import { isRecord } from '../../machine/json-file.ts'
import { textOf } from './bridge.ts'
import { CommandError, ipBatch, ipQuery, run } from './command.ts'
import { markedPod, namespaceName, namespacePod, podMark, type Owner } from './mark.ts'

/** Where `ip netns` keeps its namespaces. */
const namespaceFolder = '/run/netns'

export function namespacePath(owner: Owner, podUid: Uid): string {
  return `${namespaceFolder}/${namespaceName(owner, podUid)}`
}

/** The pod's end on the host. Interface names hold 15 characters, less than a uid has. */
export function linkName(podUid: Uid): string {
  return `gv${createHash('sha256').update(podUid).digest('hex').slice(0, 12)}`
}

export interface Attachment {
  readonly owner: Owner
  readonly bridge: string
  readonly podUid: Uid
  /** `10.244.0.7/24` */
  readonly address: string
  readonly gateway: string
  readonly mtu: number
}

/**
 * Makes the namespace, unless it is whole. The default route is set last: where it is there, everything is; where it
 * is not, an earlier attempt was cut short, no process has been started in it, and it is made anew.
 */
export async function ensureNamespace(wanted: Attachment): Promise<string> {
  const { owner, podUid } = wanted
  const name = namespaceName(owner, podUid)
  const path = namespacePath(owner, podUid)
  const link = linkName(podUid)
  if (await isWhole(name)) return path
  await removeNamespace(owner, podUid)
  await run(['ip', 'netns', 'add', name])
  await Promise.all([
    ipBatch([
      `link add name ${link} mtu ${wanted.mtu} type veth peer name eth0 mtu ${wanted.mtu} netns ${name}`,
      `link set dev ${link} alias "${podMark(owner, podUid)}" master ${wanted.bridge} up`,
    ]),
    // As container runtimes do: within its own network, a program needs no privilege for port 80.
    run(['nsenter', `--net=${path}`, 'tee', '/proc/sys/net/ipv4/ip_unprivileged_port_start'], { input: '0' }),
  ])
  await ipBatch(
    [
      'link set dev lo up',
      `address add ${wanted.address} dev eth0`,
      'link set dev eth0 up',
      `route add default via ${wanted.gateway}`,
    ],
    name,
  )
  return path
}

/** Removes both, whatever is left of them. */
export async function removeNamespace(owner: Owner, podUid: Uid): Promise<void> {
  // The link first: a namespace that a process still holds keeps its end, and the address would stay on the bridge.
  await removeIfThere(['ip', 'link', 'delete', 'dev', linkName(podUid)], /Cannot find device/)
  await removeIfThere(['ip', 'netns', 'delete', namespaceName(owner, podUid)], /No such file or directory/)
}

/** Joins the links of pods to the bridge again, should it have been removed and made anew meanwhile. */
export async function rejoin(owner: Owner, bridge: string): Promise<void> {
  const lost = (await podLinks(owner)).filter(link => link.master !== bridge)
  if (lost.length > 0) await ipBatch(lost.map(link => `link set dev ${link.name} master ${bridge} up`))
}

/** Pods of this cluster that have a namespace or a link on this machine. */
export async function attachedPods(owner: Owner): Promise<ReadonlySet<Uid>> {
  const [links, names] = await Promise.all([podLinks(owner), listNamespaces()])
  return new Set([...links.map(link => link.podUid), ...names.flatMap(name => namespacePod(owner, name) ?? [])])
}

async function isWhole(name: string): Promise<boolean> {
  if (!(await listNamespaces()).includes(name)) return false
  try {
    return (await ipQuery(['route', 'show', 'default'], name)).length > 0
  } catch (error) {
    // A file without a namespace mounted on it: killed between the two.
    if (error instanceof CommandError) return false
    throw error
  }
}

async function podLinks(owner: Owner): Promise<{ name: string; podUid: Uid; master: string | undefined }[]> {
  const links = await ipQuery(['link', 'show', 'type', 'veth'])
  return links.flatMap(link => {
    if (!isRecord(link)) return []
    const name = textOf(link['ifname'])
    const podUid = markedPod(owner, textOf(link['ifalias']) ?? '')
    return name === undefined || podUid === undefined ? [] : [{ name, podUid, master: textOf(link['master']) }]
  })
}

async function listNamespaces(): Promise<readonly string[]> {
  try {
    return await readdir(namespaceFolder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function removeIfThere(argv: readonly [string, ...string[]], absent: RegExp): Promise<void> {
  try {
    await run(argv)
  } catch (error) {
    if (!(error instanceof CommandError) || !absent.test(error.message)) throw error
  }
}
