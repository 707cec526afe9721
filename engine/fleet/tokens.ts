/**
 * Join tokens: their secrets are kept as hashes, and a use is on disk before it is granted, so that no crash grants one
 * twice. A node whose answer was lost asks again with the same key: that is the same use.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { writeFileDurably } from '../../machine/files.ts'
import { isRecord, readJson } from '../../machine/json-file.ts'
import type { NodeName } from '../api/types.ts'
import { formatToken, tokenIdLength, tokenSecretLength } from '../protocol/token.ts'
import type { JoinToken } from '../protocol/token.ts'
import type { Refusal } from '../protocol/joining.ts'

/** What is kept of a token; times in milliseconds since 1970. */
export interface KeptToken {
  readonly id: string
  /** SHA-256, in hex. 160 random bits need no slow hash. */
  readonly secretHash: string
  readonly createdAt: number
  readonly expiresAt: number
  /** The only node that it lets in; any where absent. */
  readonly node?: NodeName
  readonly uses: number
  readonly used: readonly Use[]
}

export interface Use {
  readonly node: NodeName
  /** The pin of the node's public key. */
  readonly key: string
  readonly at: number
}

export interface TokenRequest {
  readonly ttlSeconds: number
  readonly node?: NodeName
  readonly uses: number
}

export interface Tokens {
  /** Resolves to the token's text once it is kept; nobody can tell it again. */
  create(request: TokenRequest, at: { now: number; pins: readonly string[] }): Promise<string>
  list(now: number): readonly KeptToken[]
  /** Resolves to whether there was one. */
  revoke(id: string): Promise<boolean>
  /** Whether a token has let the node in with another key. */
  isClaimed(node: NodeName, key: string): boolean
  /** What would become of the token by this use, or why it may not be. */
  judge(token: JoinToken, use: Use): KeptToken | Refusal
  /** Takes a use for a node, or says why not. Resolves once the use is kept. */
  spend(token: JoinToken, use: Use): Promise<Refusal | undefined>
}

/** How long a token that lets nobody in any more is remembered, to say why. */
const memory = 24 * 60 * 60 * 1000
const makeAnother = 'make another one with gantry token create'
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

export async function openTokens(file: string): Promise<Tokens> {
  const remedy = 'remove it, and make new tokens with gantry token create'
  const kept = (await readJson(file, { is: areTokens, remedy })) ?? []
  let tokens = new Map<string, KeptToken>(kept.map(token => [token.id, token]))
  let last: Promise<unknown> = Promise.resolve()

  async function keep<T>(decide: (kept: Map<string, KeptToken>) => T): Promise<T> {
    const next = new Map(tokens)
    const result = decide(next)
    await writeFileDurably(file, `${JSON.stringify([...next.values()])}\n`, { mode: 0o600 })
    tokens = next
    return result
  }

  /** One change at a time: each is kept before the next is decided. */
  function change<T>(decide: (kept: Map<string, KeptToken>) => T): Promise<T> {
    const done = last.then(() => keep(decide))
    last = done.catch(() => {})
    return done
  }

  return {
    create({ ttlSeconds, node, uses }, { now, pins }) {
      const token: JoinToken = { id: randomText(tokenIdLength), secret: randomText(tokenSecretLength), pins }
      const kept: KeptToken = {
        id: token.id,
        secretHash: hash(token.secret),
        createdAt: now,
        expiresAt: now + ttlSeconds * 1000,
        ...(node === undefined ? {} : { node }),
        uses,
        used: [],
      }
      return change(next => {
        for (const [id, { expiresAt }] of next) if (expiresAt + memory < now) next.delete(id)
        next.set(kept.id, kept)
        return formatToken(token)
      })
    },
    list: now => [...tokens.values()].filter(({ expiresAt }) => now < expiresAt),
    revoke: async id => tokens.has(id) && (await change(next => next.delete(id))),
    isClaimed: (node, key) =>
      [...tokens.values()].some(({ used }) => used.some(use => use.node === node && use.key !== key)),
    judge: (token, use) => judgeUse(tokens.get(token.id), token, use),
    spend(token, use) {
      return change(next => {
        const known = next.get(token.id)
        const judged = judgeUse(known, token, use)
        if ('reason' in judged) return judged
        next.set(token.id, judged)
        return undefined
      })
    },
  }
}

/** What becomes of a token when it is used; or why it may not be. First reason wins. */
export function judgeUse(kept: KeptToken | undefined, token: JoinToken, use: Use): KeptToken | Refusal {
  if (kept === undefined || !isSecretOf(kept, token.secret)) {
    return { reason: `this cluster has no token ${token.id}`, remedy: makeAnother }
  }
  if (use.at >= kept.expiresAt) {
    const reason = `token ${kept.id} expired at ${new Date(kept.expiresAt).toISOString()}`
    return { reason, remedy: makeAnother }
  }
  if (kept.node !== undefined && kept.node !== use.node) {
    return { reason: `token ${kept.id} is for node ${kept.node}, not for ${use.node}`, remedy: makeAnother }
  }
  if (kept.used.some(({ node, key }) => node === use.node && key === use.key)) return kept
  const [first] = kept.used
  if (kept.used.length >= kept.uses) {
    const by =
      kept.uses === 1 && first ? `by node ${first.node} at ${new Date(first.at).toISOString()}` : `${kept.uses} times`
    return { reason: `token ${kept.id} was used ${by}, and that is all it is good for`, remedy: makeAnother }
  }
  return { ...kept, used: [...kept.used, use] }
}

function isSecretOf({ secretHash }: KeptToken, secret: string): boolean {
  return timingSafeEqual(Buffer.from(secretHash), Buffer.from(hash(secret)))
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function randomText(length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}

function areTokens(value: unknown): value is readonly KeptToken[] {
  return Array.isArray(value) && value.every(isToken)
}

function isToken(value: unknown): value is KeptToken {
  if (!isRecord(value)) return false
  const { id, secretHash, createdAt, expiresAt, node, uses, used } = value
  return (
    [id, secretHash].every(isText) &&
    [createdAt, expiresAt, uses].every(isNumber) &&
    (node === undefined || isText(node)) &&
    Array.isArray(used) &&
    used.every(use => isRecord(use) && isText(use['node']) && isText(use['key']) && isNumber(use['at']))
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}
