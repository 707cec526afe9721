import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../../machine/files.ts'
import { endOf, failure, gitIn, spawnGit, startFailure } from './git-process.ts'
import { removeStaleRefLocks } from './leftovers.ts'
import { Lock } from './lock.ts'
import { GitError } from './repository.ts'
import type { Oid, RefName } from './repository.ts'

export interface RefUpdate {
  readonly to: Oid | undefined
  readonly expected: Oid | undefined
}

const nothing = '0'.repeat(40)

/** The references of one repository: reads its files, writes through one long-lived `git update-ref --stdin`. */
export class Refs {
  readonly #repository: string
  #child: ChildProcess | undefined
  #words = ''
  /** The process takes one update at a time. */
  readonly #lock = new Lock()

  constructor(repository: string) {
    this.#repository = repository
  }

  async resolve(ref: RefName): Promise<Oid | undefined> {
    const loose = await readIfThere(join(this.#repository, checkName(ref)))
    if (loose?.startsWith('ref: ')) return await this.resolve(loose.slice('ref: '.length).trim())
    if (loose !== undefined) return loose.trim()
    const packed = await readIfThere(join(this.#repository, 'packed-refs'))
    return packed
      ?.split('\n')
      .find(line => line.slice(41) === ref)
      ?.slice(0, 40)
  }

  async list(prefix: string): Promise<{ ref: RefName; oid: Oid }[]> {
    const text = await gitIn(this.#repository, ['for-each-ref', '--format=%(objectname) %(refname)'])
    return text
      .split('\n')
      .map(line => ({ oid: line.slice(0, 40), ref: line.slice(41) }))
      .filter(({ ref }) => ref !== '' && ref.startsWith(prefix))
  }

  update(ref: RefName, update: RefUpdate): Promise<void> {
    return this.#lock.hold(() => this.#update(ref, update))
  }

  close(): Promise<void> {
    return this.#lock.hold(() => endOf(this.#child))
  }

  async #update(ref: RefName, { to, expected }: RefUpdate): Promise<void> {
    const name = checkName(ref)
    const problem = await this.#transact(
      to === undefined ? `delete ${name} ${expected ?? nothing}` : `update ${name} ${to} ${expected ?? nothing}`,
    )
    if (problem !== undefined) await this.#explain(ref, { to, expected }, problem)
    // Git fsyncs the file and renames it; the rename, and new folders on the way, are durable after this.
    for (let folder = dirname(ref); folder !== '.'; folder = dirname(folder)) {
      await syncFolder(join(this.#repository, folder)).catch(ignoreMissing)
      if (expected !== undefined) return
    }
  }

  /** Git's words where the transaction failed; by then its process has ended. */
  async #transact(line: string): Promise<string | undefined> {
    const child = (this.#child ??= this.#start())
    return await new Promise((resolve, reject) => {
      let answer = ''
      const onData = (chunk: Buffer): void => {
        answer += chunk.toString()
        if (answer.includes('commit: ok\n')) settle(() => resolve(undefined))
      }
      const onClose = (): void => settle(() => resolve(this.#words))
      const onError = (error: Error): void => settle(() => reject(startFailure(error)))
      const settle = (then: () => void): void => {
        child.stdout?.off('data', onData)
        child.off('close', onClose).off('error', onError)
        then()
      }
      child.stdout?.on('data', onData)
      child.once('close', onClose).once('error', onError)
      child.stdin?.write(`start\n${line}\ncommit\n`)
    })
  }

  #start(): ChildProcess {
    const child = spawnGit(['--git-dir', this.#repository, 'update-ref', '--stdin'])
    this.#words = ''
    child.stderr?.on('data', (chunk: Buffer) => (this.#words += chunk.toString()))
    child.stdin?.on('error', () => undefined)
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined
    }
    child.once('close', forget).once('error', forget)
    return child
  }

  /** Returns where git was killed after it had moved the reference. */
  async #explain(ref: RefName, { to, expected }: RefUpdate, words: string): Promise<void> {
    const actual = await this.resolve(ref)
    if (actual === to && to !== expected) return
    if (actual !== expected) {
      throw new GitError('RefChanged', `${ref} is at ${actual ?? 'nothing'}, not at ${expected ?? 'nothing'}`)
    }
    await removeStaleRefLocks(this.#repository)
    throw failure(`moving ${ref} in ${this.#repository}`, words)
  }
}

/** What `git check-ref-format` allows, narrowed to names under refs/ and HEAD; also keeps paths inside the repository. */
function checkName(ref: RefName): RefName {
  const legal =
    /^(HEAD|refs(\/(?!\.)[^\s\p{Cc}~^:?*[\\/]+)+)$/u.test(ref) && !/\.\.|@\{|\.lock(\/|$)|\.(\/|$)/.test(ref)
  if (!legal) throw new TypeError(`${JSON.stringify(ref)} is not the full name of a reference, like refs/heads/main`)
  return ref
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    // A folder of that name holds other references: this one does not exist.
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code))) {
      return undefined
    }
    throw error
  }
}

function ignoreMissing(error: unknown): void {
  // Deleting the last reference of a folder removes the folder.
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
