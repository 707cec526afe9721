/**
 * What the node's packet filter has to let through: pods among each other, on whichever node, and to the outside,
 * whatever policy Docker set on FORWARD; and pods' addresses hidden behind the node's own towards the outside. Packets
 * of the overlay are taken from the other nodes alone.
 */
import type { Uid } from '../../engine/api/types.ts'
import { CommandError, run } from './command.ts'
import { overlayNames, overlayPort } from './overlay.ts'

export interface Firewall {
  readonly clusterUid: Uid
  readonly bridge: string
  readonly podCIDR: string
}

type Rule = readonly [table: 'filter' | 'nat', chain: 'INPUT' | 'FORWARD' | 'POSTROUTING', ...match: string[]]

/**
 * With iptables where it is (its FORWARD chain is the one that Docker closes, and only a rule in it opens it), else with
 * an nft table of our own. Resolves to what a person should know.
 */
export async function ensureFirewall(firewall: Firewall): Promise<readonly string[]> {
  const withIptables = await attempt(async () => {
    for (const rule of rules(firewall)) {
      if (!(await hasRule(rule))) await run(iptables('-I', rule))
    }
  })
  if (withIptables === undefined) return []
  const withNft = await attempt(() => run(['nft', '-f', '-'], { input: nftRules(firewall) }))
  if (withNft === undefined) return []
  return [
    `pods reach this machine and each other, but nothing beyond it: neither iptables (${withIptables}) nor nft (${withNft}) ` +
      'could be used; install one of them and start again',
  ]
}

/**
 * Takes packets of the overlay from these addresses and drops all others; of none where there are none. Rejects where no
 * packet filter can be had: a VXLAN that believes everybody would let anybody speak for pods.
 */
export async function admitPeers(firewall: Firewall, addresses: readonly string[]): Promise<void> {
  const withIptables = await attempt(async () => {
    if (addresses.length === 0) return forgetPeers(firewall)
    await run(['iptables-restore', '-w', '5', '--noflush'], { input: peersChain(firewall, addresses) })
    const jump = peersRule(firewall)
    if (!(await hasRule(jump))) await run(iptables('-I', jump))
  })
  if (withIptables === undefined) return
  const withNft = await attempt(() => run(['nft', '-f', '-'], { input: nftPeers(firewall, addresses) }))
  if (withNft === undefined || addresses.length === 0) return
  throw new Error(
    `pods of other nodes are not reached: neither iptables (${withIptables}) nor nft (${withNft}) could be told to take ` +
      "packets from the cluster's nodes alone; install one of them",
  )
}

export async function removeFirewall(firewall: Firewall): Promise<void> {
  await attempt(async () => {
    for (const rule of rules(firewall)) await deleteRule(rule)
    await forgetPeers(firewall)
  })
  for (const table of [nftTable(firewall), nftPeersTable(firewall)]) {
    await attempt(() => run(['nft', 'delete', 'table', 'ip', table]))
  }
}

/** With `+`, for the bridge and the overlays alike: `gantry0`, `gantry0-vx` and `gantry0-wg`. */
function rules({ bridge, podCIDR, clusterUid }: Firewall): readonly Rule[] {
  const both = `${bridge}+`
  const comment = ['-m', 'comment', '--comment', `gantry ${clusterUid}`]
  const established = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED']
  return [
    ['filter', 'FORWARD', '-i', both, ...comment, '-j', 'ACCEPT'],
    ['filter', 'FORWARD', '-o', both, ...established, ...comment, '-j', 'ACCEPT'],
    ['nat', 'POSTROUTING', '-s', podCIDR, '!', '-o', both, ...comment, '-j', 'MASQUERADE'],
    // Other nodes' pods answer to addresses of this node's range; they know no way to the node's other ones.
    ...Object.values(overlayNames(bridge)).map((name): Rule => [
      'nat',
      'POSTROUTING',
      '!',
      '-s',
      podCIDR,
      '-o',
      name,
      ...comment,
      '-j',
      'MASQUERADE',
    ]),
  ]
}

/** A chain's name holds 28 characters. */
function peersChainName({ bridge }: Firewall): string {
  return `GANTRY-${bridge}`
}

function peersRule(firewall: Firewall): Rule {
  const comment = ['-m', 'comment', '--comment', `gantry ${firewall.clusterUid}`]
  const packets = ['-p', 'udp', '-m', 'udp', '--dport', String(overlayPort)]
  return ['filter', 'INPUT', ...packets, ...comment, '-j', peersChainName(firewall)]
}

/** Naming a chain empties it; the whole is applied as one. */
function peersChain(firewall: Firewall, addresses: readonly string[]): string {
  const chain = peersChainName(firewall)
  const accept = addresses.map(address => `-A ${chain} -s ${address}/32 -j ACCEPT`)
  return ['*filter', `:${chain} - [0:0]`, ...accept, `-A ${chain} -j DROP`, 'COMMIT', ''].join('\n')
}

async function forgetPeers(firewall: Firewall): Promise<void> {
  const chain = peersChainName(firewall)
  // A rule that names a chain cannot be asked about where there is none.
  const rules = await run(['iptables', '-w', '5', '-S'])
  if (!rules.split('\n').includes(`-N ${chain}`)) return
  await deleteRule(peersRule(firewall))
  await run(['iptables', '-w', '5', '-F', chain])
  await run(['iptables', '-w', '5', '-X', chain])
}

async function deleteRule(rule: Rule): Promise<void> {
  while (await hasRule(rule)) await run(iptables('-D', rule))
}

function nftTable({ bridge }: Firewall): string {
  return bridge
}

/** A table of its own: an agent that starts leaves it as it is until it knows the peers. */
function nftPeersTable({ bridge }: Firewall): string {
  return `${bridge}_peers`
}

function nftRules(firewall: Firewall): string {
  const { bridge, podCIDR } = firewall
  return nftReplacing(nftTable(firewall), firewall, [
    'chain postrouting {',
    'type nat hook postrouting priority srcnat; policy accept;',
    `ip saddr ${podCIDR} oifname != "${bridge}*" masquerade`,
    ...Object.values(overlayNames(bridge)).map(name => `ip saddr != ${podCIDR} oifname "${name}" masquerade`),
    '}',
  ])
}

function nftPeers(firewall: Firewall, addresses: readonly string[]): string {
  const stranger = addresses.length === 0 ? '' : `ip saddr != { ${addresses.join(', ')} } `
  return nftReplacing(nftPeersTable(firewall), firewall, [
    'chain input {',
    'type filter hook input priority filter; policy accept;',
    `udp dport ${overlayPort} ${stranger}drop`,
    '}',
  ])
}

/** Adding before deleting makes deleting safe where there was none; the file is applied as one transaction. */
function nftReplacing(table: string, { clusterUid }: Firewall, chains: readonly string[]): string {
  const whole = [`table ip ${table} {`, `comment "gantry ${clusterUid}"`, ...chains, '}']
  return [`add table ip ${table}`, `delete table ip ${table}`, ...whole, ''].join('\n')
}

function iptables(action: '-C' | '-D' | '-I', [table, chain, ...match]: Rule): [string, ...string[]] {
  // -w waits for others that hold the lock, such as dockerd.
  return ['iptables', '-w', '5', '-t', table, action, chain, ...match]
}

async function hasRule(rule: Rule): Promise<boolean> {
  try {
    await run(iptables('-C', rule))
    return true
  } catch (error) {
    // 1: no such rule. Anything else, and a program that is missing, is a failure.
    if (error instanceof CommandError && error.exitCode === 1) return false
    throw error
  }
}

/** Undefined where it went well, else why it did not. */
async function attempt(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error.exitCode === undefined ? 'not installed' : error.message
    throw error
  }
}
