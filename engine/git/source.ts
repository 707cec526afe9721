import type { ChildProcess } from 'node:child_process'
import { collect, spawnGit } from './git-process.ts'
import type { GitResult } from './git-process.ts'
import { credentialSettings, parseAddress } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { Lock } from './lock.ts'
import { remoteFailure } from './remote-failure.ts'
import { remoteSettings } from './remote-settings.ts'
import { GitError } from './repository.ts'
import type { Oid, RefName, Repository } from './repository.ts'

export interface SourceOptions {
  readonly repository: Repository
  /** A folder of this machine, or a URL of file, http, https or ssh. */
  readonly url: string
  /** Without `refs/heads/`. */
  readonly branch: string
  readonly credentials?: Credentials
  readonly timeouts?: {
    /** Milliseconds without a sign of life; 30 s by default. */
    readonly idle?: number
    /** Milliseconds for one fetch or push as a whole; 10 minutes by default. */
    readonly total?: number
  }
}

/** A remote repository that is followed. Its errors are GitErrors and hold no credentials. */
export interface Source {
  /** The address without credentials. */
  readonly url: string
  /**
   * Brings the branch into `refs/heads/<branch>` of the own repository, wherever its head has moved to, and gives that.
   * Rejects with RemoteUnreachable, RemoteRefused, RemoteBroken, BranchMissing; the own branch then stays as it was.
   */
  fetch(): Promise<Oid>
  /** Pushes references under their own names, all or none; never by force. */
  push(refs: readonly RefName[]): Promise<void>
  /** Ends what is in progress. */
  close(): Promise<void>
}

const config = {
  'fetch.fsckObjects': 'true',
  'fetch.fsck.zeroPaddedFilemode': 'ignore',
  'fetch.fsck.badTimezone': 'ignore',
  'fetch.fsck.missingSpaceBeforeDate': 'ignore',
  // Small fetches become one pack as well, which consolidate() joins.
  'fetch.unpackLimit': '1',
}

export function createSource(options: SourceOptions): Source {
  const { repository, branch } = options
  const { idle = 30_000, total = 600_000 } = options.timeouts ?? {}
  const address = parseAddress(options.url, options.credentials ?? { kind: 'default' })
  const credentials = credentialSettings(address)
  const running = new Map<ChildProcess, Promise<GitResult>>()
  /** What is read of the user's settings may be written down for git: one at a time. */
  const reading = new Lock()
  let closed = false

  async function run(args: readonly string[], work: 'fetch' | 'push'): Promise<string> {
    const what = `git ${args[0]} of ${address.url}`
    const remote = { repository: repository.path, url: address.url, idle }
    const settings = await reading.hold(() => remoteSettings(remote, work))
    if (closed) throw new GitError('RemoteUnreachable', `${what} was broken off`)
    const child = spawnGit(['--git-dir', repository.path, ...args], {
      config: { ...settings.config, ...config, ...credentials.config },
      env: { ...settings.env, ...credentials.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const watch = watchOver(child, { idle, total })
    const result = collect(child)
    running.set(child, result)
    try {
      const { code, stdout, stderr } = await result
      if (code === 0) return stdout.toString()
      if (watch.gaveUp !== undefined) {
        throw new GitError(
          'RemoteUnreachable',
          `${what} failed: ${watch.gaveUp}`,
          'check the remote; it is tried again',
        )
      }
      throw remoteFailure(what, stderr)
    } finally {
      watch.end()
      running.delete(child)
    }
  }

  async function explainMissing(): Promise<GitError> {
    const heads = (await run(['ls-remote', '--heads', address.url], 'fetch'))
      .split('\n')
      .flatMap(line => line.split('refs/heads/')[1] ?? [])
      .filter(name => !name.startsWith('observed/'))
    const found = heads.length === 0 ? 'it is empty' : `it has ${heads.slice(0, 10).join(', ')}`
    const remedy = heads.length === 0 ? `push a first commit to ${branch}` : 'push the branch, or follow another one'
    return new GitError('BranchMissing', `${address.url} has no branch ${branch}: ${found}`, remedy)
  }

  return {
    url: address.url,
    async fetch() {
      const ref = `refs/heads/${branch}`
      const flags = [
        '--progress',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-auto-maintenance',
        '--no-recurse-submodules',
      ]
      try {
        await run(['fetch', ...flags, address.url, `+${ref}:${ref}`], 'fetch')
      } catch (error) {
        if (error instanceof GitError && error.code === 'BranchMissing') throw await explainMissing()
        throw error
      }
      const head = await repository.resolve(ref)
      if (head === undefined) throw await explainMissing()
      return head
    },
    async push(refs) {
      const flags = ['--progress', '--atomic', '--no-verify']
      await run(['push', ...flags, address.url, ...refs.map(ref => `${ref}:${ref}`)], 'push')
    },
    async close() {
      closed = true
      for (const child of running.keys()) killGroup(child)
      await Promise.allSettled(running.values())
    },
  }
}

/** Ends a process that shows no progress, with all the processes that it started. */
function watchOver(child: ChildProcess, { idle, total }: { idle: number; total: number }) {
  const watch: { gaveUp: string | undefined; end(): void } = {
    gaveUp: undefined,
    end() {
      clearTimeout(idleTimer)
      clearTimeout(totalTimer)
    },
  }
  const giveUp = (why: string): void => {
    watch.gaveUp = why
    killGroup(child)
  }
  const idleTimer = setTimeout(() => giveUp(`no sign of life for ${idle / 1000} s`), idle)
  const totalTimer = setTimeout(() => giveUp(`not done within ${total / 1000} s`), total)
  child.stderr?.on('data', () => idleTimer.refresh())
  return watch
}

function killGroup(child: ChildProcess): void {
  // Ended and collected: its id may be another's by now.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
