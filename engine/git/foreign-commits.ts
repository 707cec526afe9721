/** Commits of other repositories, each without its history, in a bare repository of their own. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialSettings } from './credentials.ts'
import { gitIn } from './git-process.ts'
import { Lock } from './lock.ts'
import { openRepository } from './open.ts'
import { createRemoteGit } from './remote-git.ts'
import type { RemoteGit, RemoteTimeouts } from './remote-git.ts'
import { GitError } from './repository.ts'
import type { ObjectReader, Oid } from './repository.ts'

export interface ForeignCommits {
  readonly objects: ObjectReader
  /** The commit that a branch or tag of the remote names now; '' is its default branch. */
  resolve(url: string, ref: string): Promise<Oid>
  has(commit: Oid): Promise<boolean>
  /** Brings a commit here; where there is too much by then, the commits that are not in `keep` go. */
  fetch(url: string, options: { readonly commit: Oid; readonly keep: readonly Oid[] }): Promise<void>
  close(): Promise<void>
}

export interface ForeignCommitsOptions {
  /** Of the one commit that is fetched. */
  readonly maxFetchBytes: number
  /** Of all together. */
  readonly maxBytes: number
  readonly timeouts?: RemoteTimeouts
}

const prefix = 'refs/foreign/'

/** Addresses are the caller's to check: https, http or ssh. Errors are those of a Source. */
export async function openForeignCommits(path: string, options: ForeignCommitsOptions): Promise<ForeignCommits> {
  const repository = await openRepository(path, { create: { defaultBranch: 'main' } })
  const working = new Set<RemoteGit>()
  /** The boundary of the history that is left out is one file for all commits. */
  const fetching = new Lock()

  async function run(url: string, args: readonly string[]): Promise<string> {
    const git = createRemoteGit({
      repository: path,
      url,
      credentials: credentialSettings({ url, credentials: { kind: 'default' } }),
      // Whoever redirects is not the host that was allowed.
      config: { 'http.followRedirects': 'false' },
      timeouts: options.timeouts,
      objection: async () => {
        if ((await bytesIn(path, /^tmp_/)) <= options.maxFetchBytes) return undefined
        return `it is larger than ${options.maxFetchBytes / (1 << 20)} MiB, the most that is fetched`
      },
    })
    working.add(git)
    try {
      return await git.run(args, 'fetch')
    } finally {
      working.delete(git)
    }
  }

  async function trim(keep: readonly Oid[]): Promise<void> {
    if ((await bytesIn(path, /\.pack$/)) <= options.maxBytes) return
    for (const { ref, oid } of await repository.listRefs(prefix)) {
      if (!keep.includes(oid)) await repository.updateRef(ref, { to: undefined, expected: oid })
    }
    await gitIn(path, ['repack', '--quiet', '-a', '-d'], { background: true })
    await gitIn(path, ['prune', '--expire=now'], { background: true })
  }

  return {
    objects: repository,
    async resolve(url, ref) {
      const names = ref === '' ? ['HEAD'] : [`refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`]
      const lines = (await run(url, ['ls-remote', '--', url, ...names])).split('\n').map(line => line.split('\t'))
      for (const name of names) {
        const [oid] = lines.find(([, found]) => found === name) ?? []
        if (oid !== undefined) return oid
      }
      const what = ref === '' ? 'default branch' : `branch or tag ${ref}`
      throw new GitError('BranchMissing', `${url} has no ${what}`, 'check its name')
    },
    has: async commit => (await repository.resolve(`${prefix}${commit}`)) === commit,
    async fetch(url, { commit, keep }) {
      const flags = ['--progress', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance']
      const what = ['--no-recurse-submodules', '--depth=1', '--', url, `+${commit}:${prefix}${commit}`]
      await fetching.hold(async () => {
        await run(url, ['fetch', ...flags, ...what])
        await trim([commit, ...keep])
      })
    },
    async close() {
      await Promise.all([...working].map(git => git.close()))
      await repository.close()
    },
  }
}

/** Of the files among the packs whose names match; one that is gone meanwhile counts nothing. */
async function bytesIn(repository: string, names: RegExp): Promise<number> {
  const folder = join(repository, 'objects/pack')
  const files = (await readdir(folder).catch(() => [])).filter(name => names.test(name))
  const sizes = await Promise.all(
    files.map(async name => (await stat(join(folder, name)).catch(() => undefined))?.size),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}
