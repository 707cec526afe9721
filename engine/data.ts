/** The engine's data folder: who the cluster is, its token, its keys. Readable by this user alone. */
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { holdFolder } from '../machine/hold.ts'
import type { Hold } from '../machine/hold.ts'
import { makePrivateFolder, readIfThere, writeFileDurably } from '../machine/files.ts'
import type { NetworkMode } from './protocol/session.ts'

/** What never changes in the life of a cluster. */
export interface Identity {
  readonly clusterUid: string
  readonly clusterName: string
  /** Decided by the first node that joins. */
  readonly network?: NetworkMode
}

export interface DataFolder {
  readonly path: string
  readonly identity: Identity
  readonly token: string
  readonly keys: string
  readonly repository: string
  /** Decides what the identity left open. */
  decide(network: NetworkMode): Promise<void>
  file(name: string): string
  release(): Promise<void>
}

const clusterNames = /^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/

/** Opens the folder, or makes it. Rejects where another Gantry holds it, or where it is another cluster's. */
export async function openData(path: string, options: { clusterName: string | undefined }): Promise<DataFolder> {
  await makePrivateFolder(path)
  await closeToOthers(path)
  const hold: Hold = await holdFolder(path, { holder: 'another Gantry' })
  try {
    const identityFile = join(path, 'identity.json')
    const known = await readIdentity(identityFile)
    let identity: Identity
    if (known === undefined) {
      identity = { clusterUid: randomUUID(), clusterName: checkName(options.clusterName ?? 'hello') }
      await writeFileDurably(identityFile, JSON.stringify(identity), { mode: 0o600 })
    } else if (options.clusterName !== undefined && options.clusterName !== known.clusterName) {
      throw new Error(
        `${path} holds cluster ${known.clusterName}, not ${options.clusterName}; leave --name out, or give --data another folder`,
      )
    } else {
      identity = known
    }
    const keys = join(path, 'keys')
    await makePrivateFolder(keys)
    return {
      path,
      get identity() {
        return identity
      },
      token: await readOrMake(join(path, 'token'), () => randomBytes(24).toString('base64url')),
      keys,
      repository: join(path, 'git', `${identity.clusterName}.git`),
      async decide(network) {
        identity = { ...identity, network }
        await writeFileDurably(identityFile, JSON.stringify(identity), { mode: 0o600 })
      },
      file: name => join(path, name),
      release: () => hold.release(),
    }
  } catch (error) {
    await hold.release()
    throw error
  }
}

/** A folder that others may enter would show them the token; one that holds something else is not ours to close. */
async function closeToOthers(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return
  const names = await readdir(path)
  if (names.length > 0 && !names.includes('identity.json')) {
    throw new Error(`${path} holds other files and is open to other users; give --data a folder of its own`)
  }
  await chmod(path, 0o700)
}

function checkName(name: string): string {
  if (clusterNames.test(name)) return name
  throw new Error(
    `--name must be lower-case letters, digits and dashes, at most 52 characters, not ${JSON.stringify(name)}; try --name hello`,
  )
}

async function readIdentity(file: string): Promise<Identity | undefined> {
  const text = await readIfThere(file)
  if (text === undefined) return undefined
  const identity = parseIdentity(text)
  if (identity !== undefined) return identity
  throw new Error(`${file} is damaged; restore it from a backup, or remove the data folder to start anew`)
}

function parseIdentity(text: string): Identity | undefined {
  try {
    const { clusterUid, clusterName, network } = JSON.parse(text) as Record<string, unknown>
    if (typeof clusterUid !== 'string' || typeof clusterName !== 'string') return undefined
    if (network === undefined) return { clusterUid, clusterName }
    return network === 'bridged' || network === 'loopback' ? { clusterUid, clusterName, network } : undefined
  } catch {
    return undefined
  }
}

async function readOrMake(file: string, make: () => string): Promise<string> {
  const text = await readIfThere(file)
  if (text !== undefined && text.trim() !== '') return text.trim()
  const made = make()
  await writeFileDurably(file, `${made}\n`, { mode: 0o600 })
  return made
}
