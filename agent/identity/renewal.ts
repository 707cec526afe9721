/** Keeps the node's certificate young: asks for the next one over the session, at two thirds of its life. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { AgentMessage } from '../../engine/protocol/session.ts'
import type { Identity } from './identity.ts'
import { writeAuthorities, writePair } from './identity.ts'
import { makeKeyRequest } from './request.ts'
import type { KeyRequest } from './request.ts'

export interface Renewal {
  readonly identity: Identity
  /** The node joined anew. */
  replace(identity: Identity): void
  /** The session is up, and renewals go through it; until `down`. */
  up(send: (message: AgentMessage) => void): void
  down(): void
  /** What the engine says of certificates. */
  hear(message: { type: 'authorities'; authorities: string } | { type: 'certificate'; certificate: string }): void
  close(): void
}

export interface RenewalOptions {
  readonly folder: string
  readonly identity: Identity
  onError(error: unknown): void
}

/** The longest that setTimeout can wait, about 25 days. */
const maxDelay = 2 ** 31 - 1

export function keepRenewed(options: RenewalOptions): Renewal {
  const { folder } = options
  let { identity } = options
  let send: ((message: AgentMessage) => void) | undefined
  /** The request that is on its way. Where no answer comes it is sent again, so that a late answer is one to the same. */
  let pending: KeyRequest | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function schedule(): void {
    clearTimeout(timer)
    if (send === undefined) return
    timer = setTimeout(
      () => {
        ask().catch(options.onError)
      },
      // A whole fleet that learns of a new CA does not ask at once.
      Math.min(Math.max(renewalTime(identity) - Date.now(), 0) + (Math.random() * lifeOf(identity)) / 50, maxDelay),
    )
  }

  async function ask(): Promise<void> {
    clearTimeout(timer)
    timer = setTimeout(schedule, lifeOf(identity) / 20)
    pending ??= await makeKeyRequest(identity.node)
    send?.({ type: 'renew', request: pending.request })
  }

  async function take(certificate: string): Promise<void> {
    const key = pending?.key
    // A second answer to a request that was sent twice: it is of the key before.
    if (key === undefined || !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return
    pending = undefined
    await writePair(folder, { key, certificate })
    identity = { ...identity, key, certificate }
    schedule()
  }

  async function trust(authorities: string): Promise<void> {
    if (authorities !== identity.authorities) await writeAuthorities(folder, authorities)
    identity = { ...identity, authorities }
    schedule()
  }

  return {
    get identity() {
      return identity
    },
    replace(joined) {
      identity = joined
      pending = undefined
    },
    up(by) {
      send = by
      schedule()
    },
    down() {
      send = undefined
      clearTimeout(timer)
    },
    hear(message) {
      writing = writing
        .catch(() => {})
        .then(() => (message.type === 'authorities' ? trust(message.authorities) : take(message.certificate)))
      // What it has stays good for a third of its life; the next try is on its way.
      writing.catch(options.onError)
    },
    close() {
      send = undefined
      clearTimeout(timer)
    },
  }
}

/** When to ask: at two thirds of its life, and soon where a newer CA signs now. */
export function renewalTime({ certificate, authorities }: Pick<Identity, 'certificate' | 'authorities'>): number {
  const own = new X509Certificate(certificate)
  const from = Date.parse(own.validFrom)
  const due = from + ((Date.parse(own.validTo) - from) * 2) / 3
  const signing = new X509Certificate(authorities.slice(authorities.lastIndexOf('-----BEGIN CERTIFICATE')))
  return own.checkIssued(signing) ? due : Math.min(due, from)
}

function lifeOf({ certificate }: Identity): number {
  const { validFrom, validTo } = new X509Certificate(certificate)
  return Date.parse(validTo) - Date.parse(validFrom)
}
