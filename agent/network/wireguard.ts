/** The WireGuard network that joins the pods of all nodes where their packets must be encrypted. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { makePrivateFolder, readIfThere, writeFileDurably } from '../../machine/files.ts'
import { isRecord } from '../../machine/json-file.ts'
import { textOf } from './bridge.ts'
import { CommandError, ipBatch, ipQuery, run } from './command.ts'
import { routeProtocol } from './mark.ts'
import type { Peer } from './network.ts'
import { refuseForeign, refuseForged } from './overlay.ts'
import { barring, configuration, planWireguard, type PresentWireguard, type WireguardDevice } from './wireguard-plan.ts'

export interface Wireguard {
  /** As `wg` writes it: base64 of 32 bytes. */
  readonly publicKey: string
  ensure(device: WireguardDevice, peers: readonly Peer[]): Promise<void>
}

/** Why this machine cannot encrypt, with the remedy. */
export interface NoWireguard {
  readonly refused: string
}

/**
 * Finds what this machine can make a WireGuard device with: its kernel, or where that cannot, the program wireguard-go,
 * as wg-quick does. Makes the node's key where it has none.
 */
export async function openWireguard({
  folder,
  probe,
}: {
  /** For the key; the agent's own. */
  readonly folder: string
  /** Name of an interface that nobody has. */
  readonly probe: string
}): Promise<Wireguard | NoWireguard> {
  const noTool = await failure(['wg', '--version'])
  if (noTool !== undefined) return { refused: 'the program wg is missing; install wireguard-tools' }
  const noKernel = await failure(['ip', 'link', 'add', probe, 'type', 'wireguard'])
  if (noKernel === undefined) await run(['ip', 'link', 'delete', probe])
  else if ((await failure(['wireguard-go', '--version'])) !== undefined) {
    return {
      refused: `this kernel has no WireGuard (${noKernel}); load its module wireguard, or install wireguard-go`,
    }
  }
  await makePrivateFolder(folder)
  const key = await privateKeyIn(join(folder, 'wireguard.key'))
  const config = join(folder, 'wireguard.conf')
  return {
    publicKey: publicKeyOf(key),
    async ensure(device, peers) {
      const { name } = device
      const present = await findDevice(name)
      refuseForeign(device, present && { alias: present.alias, fits: true })
      const plan = planWireguard(device, peers, { present, barred: await barredRanges() })
      if (plan.remove) await ipBatch([`link delete dev ${name}`])
      if (plan.create)
        await run(noKernel === undefined ? ['ip', 'link', 'add', name, 'type', 'wireguard'] : ['wireguard-go', name])
      // In a file, because a command's input stands in the words of its failure.
      await writeFileDurably(config, configuration(key.base64, peers), { mode: 0o600 })
      await run(['wg', 'syncconf', name, config])
      if (plan.ip.length > 0) await ipBatch(plan.ip)
      await refuseForged(name)
    },
  }
}

/** The device goes first: until the last moment nothing leaves in clear. */
export async function removeWireguard({ name, alias }: Pick<WireguardDevice, 'name' | 'alias'>): Promise<void> {
  if ((await findDevice(name))?.alias === alias) await ipBatch([`link delete dev ${name}`])
  await barRanges(new Set())
}

/** Keeps packets for these ranges, and no others, from leaving this machine at all where no device takes them. */
export async function barRanges(wanted: ReadonlySet<string>): Promise<void> {
  const commands = barring(wanted, await barredRanges())
  if (commands.length > 0) await ipBatch(commands)
}

async function findDevice(name: string): Promise<PresentWireguard | undefined> {
  const links = await ipQuery(['link', 'show'])
  const link = links.find(found => isRecord(found) && found['ifname'] === name)
  if (!isRecord(link)) return undefined
  const routes = await ipQuery(['-4', 'route', 'show', 'dev', name, 'proto', routeProtocol])
  return { alias: textOf(link['ifalias']), mtu: Number(link['mtu']), routes: destinations(routes) }
}

async function barredRanges(): Promise<ReadonlySet<string>> {
  return destinations(await ipQuery(['-4', 'route', 'show', 'type', 'unreachable', 'proto', routeProtocol]))
}

function destinations(routes: readonly unknown[]): ReadonlySet<string> {
  return new Set(routes.flatMap(route => (isRecord(route) ? (textOf(route['dst']) ?? []) : [])))
}

interface PrivateKey {
  readonly base64: string
  /** PKCS#8, as Node reads it. */
  readonly der: Buffer
}

/** Both key formats of X25519 hold 32 plain bytes after a fixed header (RFC 8410). */
const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex')
const keyBytes = 32

async function privateKeyIn(file: string): Promise<PrivateKey> {
  const kept = await readIfThere(file)
  if (kept === undefined) {
    const der = generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' })
    const base64 = der.subarray(-keyBytes).toString('base64')
    await writeFileDurably(file, `${base64}\n`, { mode: 0o600 })
    return { base64, der }
  }
  const base64 = kept.trim()
  const raw = Buffer.from(base64, 'base64')
  if (raw.length !== keyBytes) throw new Error(`${file} is damaged; remove it, and the node gets another key`)
  return { base64, der: Buffer.concat([pkcs8Header, raw]) }
}

function publicKeyOf({ der }: PrivateKey): string {
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return key.export({ format: 'der', type: 'spki' }).subarray(-keyBytes).toString('base64')
}

/** Undefined where it went well, else why it did not. */
async function failure(argv: readonly [string, ...string[]]): Promise<string | undefined> {
  try {
    await run(argv)
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error.message
    throw error
  }
}
