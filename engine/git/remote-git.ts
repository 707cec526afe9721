/** Git at work on a remote: watched, without prompts, with what of the user's settings it takes to reach it. */
import type { ChildProcess } from 'node:child_process'
import type { CredentialSettings } from './credentials.ts'
import { collect, spawnGit } from './git-process.ts'
import type { GitConfig, GitResult } from './git-process.ts'
import { Lock } from './lock.ts'
import { remoteFailure } from './remote-failure.ts'
import { remoteSettings } from './remote-settings.ts'
import { GitError } from './repository.ts'

/** What comes from elsewhere is looked at before it is taken in. */
const fetchConfig = {
  'fetch.fsckObjects': 'true',
  'fetch.fsck.zeroPaddedFilemode': 'ignore',
  'fetch.fsck.badTimezone': 'ignore',
  'fetch.fsck.missingSpaceBeforeDate': 'ignore',
  // Small fetches become one pack as well, which consolidate() joins.
  'fetch.unpackLimit': '1',
}

export interface RemoteTimeouts {
  /** Milliseconds without a sign of life; 30 s by default. */
  readonly idle?: number
  /** Milliseconds for one fetch or push as a whole; 10 minutes by default. */
  readonly total?: number
}

export interface RemoteGitOptions {
  /** The own repository's folder. */
  readonly repository: string
  /** Without credentials. */
  readonly url: string
  readonly credentials: CredentialSettings
  /** On top of what holds for every fetch. */
  readonly config?: GitConfig
  readonly timeouts?: RemoteTimeouts | undefined
  /** Looked at now and then; what it gives ends the work, as the reason why. */
  readonly objection?: () => Promise<string | undefined>
}

export interface RemoteGit {
  /** What git says; rejects with RemoteUnreachable, RemoteRefused, RemoteBroken, BranchMissing. */
  run(args: readonly string[], work: 'fetch' | 'push'): Promise<string>
  /** Ends what is in progress. */
  close(): Promise<void>
}

export function createRemoteGit({
  repository,
  url,
  credentials,
  config,
  timeouts,
  objection,
}: RemoteGitOptions): RemoteGit {
  const { idle = 30_000, total = 600_000 } = timeouts ?? {}
  const running = new Map<ChildProcess, Promise<GitResult>>()
  /** What is read of the user's settings may be written down for git: one at a time. */
  const reading = new Lock()
  let closed = false
  return {
    async run(args, work) {
      const what = `git ${args[0]} of ${url}`
      const settings = await reading.hold(() => remoteSettings({ repository, url, idle }, work))
      if (closed) throw new GitError('RemoteUnreachable', `${what} was broken off`)
      const child = spawnGit(['--git-dir', repository, ...args], {
        config: { ...settings.config, ...fetchConfig, ...config, ...credentials.config },
        env: { ...settings.env, ...credentials.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      const watch = watchOver(child, { idle, total, objection })
      const result = collect(child)
      running.set(child, result)
      try {
        const { code, stdout, stderr } = await result
        if (code === 0) return stdout.toString()
        if (watch.gaveUp !== undefined) throw watch.gaveUp(what)
        throw remoteFailure(what, stderr)
      } finally {
        watch.end()
        running.delete(child)
      }
    },
    async close() {
      closed = true
      for (const child of running.keys()) killGroup(child)
      await Promise.allSettled(running.values())
    },
  }
}

/** Ends a process that shows no progress or does what it should not, with all the processes that it started. */
function watchOver(
  child: ChildProcess,
  { idle, total, objection }: { idle: number; total: number; objection: RemoteGitOptions['objection'] },
) {
  const watch: { gaveUp: ((what: string) => GitError) | undefined; end(): void } = {
    gaveUp: undefined,
    end() {
      clearTimeout(idleTimer)
      clearTimeout(totalTimer)
      clearInterval(objectionTimer)
    },
  }
  const giveUp = (why: string): void => {
    watch.gaveUp = what =>
      new GitError('RemoteUnreachable', `${what} failed: ${why}`, 'check the remote; it is tried again')
    killGroup(child)
  }
  const look = async (): Promise<void> => {
    const why = await objection?.()
    if (why === undefined) return
    watch.gaveUp = what => new GitError('RemoteRefused', `${what} failed: ${why}`, 'name another source')
    killGroup(child)
  }
  const idleTimer = setTimeout(() => giveUp(`no sign of life for ${idle / 1000} s`), idle)
  const totalTimer = setTimeout(() => giveUp(`not done within ${total / 1000} s`), total)
  const objectionTimer = objection === undefined ? undefined : setInterval(() => void look(), 250)
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
