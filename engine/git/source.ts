import { credentialSettings, parseAddress } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { createRemoteGit } from './remote-git.ts'
import type { RemoteTimeouts } from './remote-git.ts'
import { GitError } from './repository.ts'
import type { Oid, RefName, Repository } from './repository.ts'

export interface SourceOptions {
  readonly repository: Repository
  /** A folder of this machine, or a URL of file, http, https or ssh. */
  readonly url: string
  /** Without `refs/heads/`. */
  readonly branch: string
  readonly credentials?: Credentials
  readonly timeouts?: RemoteTimeouts
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

export function createSource(options: SourceOptions): Source {
  const { repository, branch } = options
  const address = parseAddress(options.url, options.credentials ?? { kind: 'default' })
  const credentials = credentialSettings(address)
  const git = createRemoteGit({
    repository: repository.path,
    url: address.url,
    credentials,
    timeouts: options.timeouts,
  })

  async function explainMissing(): Promise<GitError> {
    const heads = (await git.run(['ls-remote', '--heads', address.url], 'fetch'))
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
        await git.run(['fetch', ...flags, address.url, `+${ref}:${ref}`], 'fetch')
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
      await git.run(['push', ...flags, address.url, ...refs.map(ref => `${ref}:${ref}`)], 'push')
    },
    close: () => git.close(),
  }
}
