/** `gantry token`, `gantry ca` and `gantry node revoke|remove`: who may be a node. */
import { formatAge, formatDuration } from '../server/age.ts'
import type { AuthorityEntry, TokenEntry } from '../server/fleet-api.ts'
import type { Client } from './client.ts'
import { parseDuration } from './logs.ts'
import { formatRows } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wholeNumber } from './whole-number.ts'

export interface TokenFlags {
  readonly ttl: string
  readonly node?: string
  readonly uses: string
}

/** Prints the token alone, so that a script can take it. */
export async function createToken(
  client: Client,
  { flags, terminal }: { flags: TokenFlags; terminal: Terminal },
): Promise<void> {
  const { token } = await client.post<{ token: string }>('/gantry/v1/tokens', {
    ttlSeconds: parseDuration(flags.ttl),
    uses: wholeNumber('--uses', flags.uses, 10_000),
    ...(flags.node === undefined ? {} : { node: flags.node }),
  })
  terminal.write(`${token}\n`)
}

export async function listTokens(client: Client, { terminal }: { terminal: Terminal }): Promise<void> {
  const { items } = await client.get<{ items: readonly TokenEntry[] }>('/gantry/v1/tokens')
  if (items.length === 0) {
    terminal.note('There are no tokens; gantry token create makes one\n')
    return
  }
  const now = Date.now()
  const rows = items.map(({ id, node, uses, usedBy, createdAt, expiresAt }) => [
    id,
    node ?? '<any>',
    `${usedBy.length}/${uses}`,
    usedBy.length === 0 ? '<none>' : usedBy.join(','),
    formatAge(createdAt, now),
    formatDuration(Date.parse(expiresAt) - now),
  ])
  terminal.write(formatRows([['ID', 'NODE', 'USED', 'USED BY', 'AGE', 'EXPIRES IN'], ...rows]))
}

/** @param token its id, or all of it */
export async function revokeToken(
  client: Client,
  { token, terminal }: { token: string; terminal: Terminal },
): Promise<void> {
  const id = token.startsWith('gantry.') ? (token.split('.')[1] ?? '') : token
  await client.post('/gantry/v1/tokens/revoke', { id })
  terminal.note(`token ${id} revoked: it lets nobody in any more; the nodes that it let in stay\n`)
}

export async function showAuthorities(client: Client, { terminal }: { terminal: Terminal }): Promise<void> {
  const { items } = await client.get<{ items: readonly AuthorityEntry[] }>('/gantry/v1/ca')
  terminal.write(authorityTable(items))
}

export async function rotateAuthority(client: Client, { terminal }: { terminal: Terminal }): Promise<void> {
  const { items } = await client.post<{ items: readonly AuthorityEntry[] }>('/gantry/v1/ca/rotate', {})
  terminal.write(authorityTable(items))
  const [old] = items
  terminal.note(
    `The new CA signs from now on. Nodes learn of it and renew by themselves; both are trusted until ${old?.goesAt}. ` +
      'Copies of the kubeconfig that are elsewhere must be replaced by then\n',
  )
}

function authorityTable(items: readonly AuthorityEntry[]): string {
  const now = Date.now()
  const rows = items.map(({ hash, createdAt, signs, goesAt }) => [
    hash,
    formatAge(createdAt, now),
    signs ? 'yes' : 'no',
    goesAt ?? '-',
  ])
  return formatRows([['CA', 'AGE', 'SIGNS', 'TRUSTED UNTIL'], ...rows])
}

export async function removeNode(
  client: Client,
  { node, terminal }: { node: string; terminal: Terminal },
): Promise<void> {
  await client.post('/gantry/v1/nodes/remove', { node })
  terminal.note(
    `node ${node} removed, and its certificate revoked; its pods run elsewhere now. ` +
      `What still runs there is stopped by gantry down on that machine\n`,
  )
}

export async function revokeNode(
  client: Client,
  { node, terminal }: { node: string; terminal: Terminal },
): Promise<void> {
  await client.post('/gantry/v1/nodes/revoke', { node })
  terminal.note(
    `node ${node} revoked: its certificate lets it in no more. Its pods are replaced once it counts as lost; ` +
      `what still runs there is stopped by gantry down on that machine\n`,
  )
}
