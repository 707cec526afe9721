/**
 * The CAs that engine and nodes trust, and the engine's own certificate. A rotation makes a second CA: it signs the nodes'
 * certificates from then on, and both are trusted until every certificate of the first has expired. The engine shows one
 * of the first until then, for nodes that have not heard of the second yet.
 */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../../machine/files.ts'
import { loadAuthority, makeAuthority, readAuthority, serverLifetime } from './authority.ts'
import type { Authority, KeyPair } from './authority.ts'

export interface Trust {
  /** The oldest first. */
  readonly authorities: readonly Authority[]
  /** Signs the nodes' certificates. */
  readonly signing: Authority
  /** The engine's key and certificate, followed by that of its CA. */
  readonly server: KeyPair
  /** How long a node's certificate is good for, in milliseconds. */
  readonly nodeLifetime: number
  /** When the older CA goes (milliseconds since 1970); undefined where there is one CA. */
  readonly rotationEndsAt: number | undefined
  /** Makes the second CA; resolves to the moment at which the first one goes. Rejects with RotationOnItsWay. */
  rotate(): Promise<number>
  /** Tells of every change of the CAs or of the engine's certificate. */
  onChange(listener: () => void): void
  close(): void
}

export interface TrustOptions {
  /** `keys` of the data folder. */
  readonly folder: string
  /** The names and addresses by which the engine is reached. */
  readonly names: readonly string[]
  /** How long certificates are good for, in milliseconds; by default a day for nodes, 90 for the engine. */
  readonly lifetime: number | undefined
  /** A certificate could not be renewed; it is tried again. */
  onTrouble(error: unknown): void
}

export class RotationOnItsWay extends Error {
  readonly remedy: string
  constructor(endsAt: number) {
    super('the CA is being replaced already')
    this.name = 'RotationOnItsWay'
    this.remedy = `the older one goes at ${new Date(endsAt).toISOString()}; rotate again after that`
  }
}

const day = 24 * 60 * 60 * 1000
/** The longest that setTimeout can wait, about 25 days. */
const maxDelay = 2 ** 31 - 1
const retryDelay = 60_000

export async function openTrust(options: TrustOptions): Promise<Trust> {
  const { folder, names } = options
  const nodeLifetime = options.lifetime ?? day
  const engineLifetime = options.lifetime ?? serverLifetime
  const nextFile = join(folder, 'next-ca.pem')
  const listeners: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let rotating = false

  let first = await loadAuthority(folder, Date.now())
  let second = await readAuthority(nextFile)
  let renewAt = 0
  let server: KeyPair = { key: '', certificate: '' }

  const endsAt = (): number | undefined => second && second.madeAt + nodeLifetime

  async function issueServer(by: Authority): Promise<KeyPair> {
    const now = Date.now()
    const { key, certificate } = await by.issueServer(names, now, engineLifetime)
    renewAt = now + (engineLifetime * 2) / 3
    return { key, certificate: `${certificate}\n${by.certificate}\n` }
  }

  /** The older CA goes, in one rename. */
  async function endRotation(next: Authority): Promise<void> {
    const pair = await issueServer(next)
    await rename(nextFile, join(folder, 'ca.pem'))
    await syncFolder(folder)
    first = next
    second = undefined
    server = pair
  }

  /** Whether something was due. */
  async function keepUp(): Promise<boolean> {
    const now = Date.now()
    const end = endsAt()
    if (second !== undefined && end !== undefined && now >= end) await endRotation(second)
    else if (now >= renewAt) server = await issueServer(first)
    else return false
    return true
  }

  function schedule(): void {
    clearTimeout(timer)
    if (closed) return
    const next = Math.min(renewAt, endsAt() ?? Number.POSITIVE_INFINITY)
    wait(Math.min(Math.max(next - Date.now(), 0), maxDelay))
  }

  function wait(delay: number): void {
    timer = setTimeout(() => {
      keepUp().then(
        changed => {
          schedule()
          if (changed) tell()
        },
        (error: unknown) => {
          options.onTrouble(error)
          if (!closed) wait(retryDelay)
        },
      )
    }, delay)
  }

  function tell(): void {
    for (const listener of listeners) listener()
  }

  await keepUp()
  schedule()
  return {
    get authorities() {
      return second === undefined ? [first] : [first, second]
    },
    get signing() {
      return second ?? first
    },
    get server() {
      return server
    },
    nodeLifetime,
    get rotationEndsAt() {
      return endsAt()
    },
    async rotate() {
      const end = endsAt()
      if (end !== undefined || rotating) throw new RotationOnItsWay(end ?? Date.now() + nodeLifetime)
      rotating = true
      try {
        second = await makeAuthority(nextFile, Date.now())
      } finally {
        rotating = false
      }
      schedule()
      tell()
      return second.madeAt + nodeLifetime
    },
    onChange: listener => void listeners.push(listener),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
