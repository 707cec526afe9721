import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { GitError } from './repository.ts'

/** What holds for every git process that works in a repository of ours, whatever its config file says. */
const ownConfig: Readonly<Record<string, string>> = {
  // A ref or pack that git reported as written must survive a power cut.
  'core.fsync': 'all',
  // Packing is consolidate()'s, so that it never runs in the way of a push.
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'receive.autogc': 'false',
  'core.hooksPath': '/dev/null',
}

/** A setting that is given several times holds several values. */
export type GitConfig = Readonly<Record<string, string | readonly string[]>>

export interface GitOptions {
  readonly config?: GitConfig
  /** Undefined takes a variable out again. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdio?: StdioOptions
  /** Gives the process a group of its own, so that its children can be ended with it. */
  readonly detached?: boolean
  /** Nobody waits for it: it and its children get what the others leave of the machine. */
  readonly background?: boolean
}

/** Starts git without the configuration of the user or the system, without prompts, in plain English. */
export function spawnGit(args: readonly string[], options: GitOptions = {}): ChildProcess {
  const child = spawn('git', args, {
    env: { ...gitEnvironment({ ...ownConfig, ...options.config }), ...options.env },
    stdio: options.stdio ?? ['pipe', 'pipe', 'pipe'],
    detached: options.detached ?? false,
  })
  if (options.background === true && child.pid !== undefined) yieldToOthers(child.pid)
  return child
}

function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or this system has no priorities: it is as good without.
  }
}

function gitEnvironment(config: GitConfig): Record<string, string> {
  const entries = Object.entries(config).flatMap(([key, values]) => [values].flat().map(value => [key, value] as const))
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([key, value], n) => [
        [`GIT_CONFIG_KEY_${n}`, key],
        [`GIT_CONFIG_VALUE_${n}`, value],
      ]),
    ),
  }
}

/** How a git process ended. */
export interface GitResult {
  /** Its exit code; undefined where a signal ended it. */
  readonly code: number | undefined
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs git to its end. Rejects only where it cannot be started (`GitMissing`). */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const child = spawnGit(args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  return await collect(child)
}

/** Waits for a child to end and gathers what it wrote; at most 64 KiB of its errors. */
export async function collect(child: ChildProcess): Promise<GitResult> {
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-65_536)))
  const code = await exitOf(child)
  return { code, stdout: Buffer.concat(stdout), stderr }
}

export function exitOf(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', error => reject(startFailure(error)))
    child.once('close', code => resolve(code ?? undefined))
  })
}

/** Ends a long-lived child by closing its input; resolves when it is gone. */
export async function endOf(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  child.stdin?.end()
  // What nobody reads any more must not keep the child from ending.
  child.stdout?.resume()
  await gone
}

/** Runs git in a repository and gives its output; whatever goes wrong is an error with git's own words. */
export async function gitIn(repository: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runGit(['--git-dir', repository, ...args], options)
  if (code === 0) return stdout.toString()
  throw failure(`git ${args[0] ?? ''} in ${repository}`, stderr)
}

/** A failed local git command as an error: a full disk is told from everything else. */
export function failure(what: string, stderr: string): GitError {
  const words = stderr.trim() === '' ? 'it ended without a word' : stderr.trim()
  if (/No space left on device|Disk quota exceeded/.test(stderr)) return diskFull(what)
  return new GitError('ObjectCorrupt', `${what} failed: ${words}`, 'look at the repository with git fsck')
}

export function diskFull(what: string): GitError {
  return new GitError('DiskFull', `${what} failed: the disk is full`, 'free space on the disk of the data folder')
}

/** Turns an error of the file system into a GitError where it means a full disk; any other stays as it is. */
export function fileFailure(what: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(what) : error
}

export function startFailure(error: Error): GitError {
  const remedy = 'install git 2.39 or newer and see that it is in PATH'
  return new GitError('GitMissing', `git cannot be started: ${error.message}`, remedy)
}
