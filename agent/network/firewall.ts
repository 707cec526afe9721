/**
 * What the node's packet filter has to let through: pods among each other and to the outside, whatever policy Docker set
 * on FORWARD, and pods' addresses hidden behind the node's own towards the outside.
 */
import type { Uid } from '../../engine/api/types.ts'
import { CommandError, run } from './command.ts'

export interface Firewall {
  readonly clusterUid: Uid
  readonly bridge: string
  readonly podCIDR: string
}

type Rule = readonly [table: 'filter' | 'nat', chain: 'FORWARD' | 'POSTROUTING', ...match: string[]]

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

export async function removeFirewall(firewall: Firewall): Promise<void> {
  await attempt(async () => {
    for (const rule of rules(firewall)) {
      while (await hasRule(rule)) await run(iptables('-D', rule))
    }
  })
  await attempt(() => run(['nft', 'delete', 'table', 'ip', nftTable(firewall)]))
}

function rules({ bridge, podCIDR, clusterUid }: Firewall): readonly Rule[] {
  const comment = ['-m', 'comment', '--comment', `gantry ${clusterUid}`]
  return [
    ['filter', 'FORWARD', '-i', bridge, ...comment, '-j', 'ACCEPT'],
    [
      'filter',
      'FORWARD',
      '-o',
      bridge,
      '-m',
      'conntrack',
      '--ctstate',
      'RELATED,ESTABLISHED',
      ...comment,
      '-j',
      'ACCEPT',
    ],
    ['nat', 'POSTROUTING', '-s', podCIDR, '!', '-o', bridge, ...comment, '-j', 'MASQUERADE'],
  ]
}

function nftTable({ bridge }: Firewall): string {
  return bridge
}

/** Adding before deleting makes deleting safe where there was none; the file is applied as one transaction. */
function nftRules(firewall: Firewall): string {
  const table = nftTable(firewall)
  return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  comment "gantry ${firewall.clusterUid}"
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${firewall.podCIDR} oifname != "${firewall.bridge}" masquerade
  }
}
`
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
