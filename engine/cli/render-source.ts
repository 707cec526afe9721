import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { runGit } from '../git/git-process.ts'
import { ObjectStore } from '../git/object-store.ts'
import { readDirectory } from '../render/directory.ts'
import { kustomizationFiles } from '../render/kustomize/kustomization.ts'
import type { Source } from '../render/renderer.ts'
import { CliError } from './failure.ts'

/** What a command renders. */
export interface RenderSource {
  /** Opened anew for each rendering. */
  open(): Source
  /** The folder that the files' paths begin at. */
  readonly root: string
  readonly paths: readonly string[] | undefined
  /** The folder is one kustomization: what it gives is printed as kubectl prints it. */
  readonly isKustomization: boolean
  /** The chart that the folder is, from the root. */
  readonly chart?: string
  close(): Promise<void>
}

/** A folder, or else a git revision of the repository in the current folder. */
export async function openSource(name: string, paths: readonly string[] | undefined): Promise<RenderSource> {
  const found = await stat(name).catch(() => undefined)
  if (found?.isDirectory() === true) return await openFolder(name, paths)
  const revision = await findTree(name)
  if (revision === undefined) {
    const what = found === undefined ? 'is neither a folder nor a git revision of the repository here' : 'is no folder'
    throw new CliError(`${name} ${what}`, { remedy: 'name the folder that holds the manifests, or a commit' })
  }
  const objects = new ObjectStore(revision.repository)
  const source = { objects, tree: revision.tree, time: revision.time }
  return { open: () => source, root: revision.root, paths, isKustomization: false, close: () => objects.close() }
}

async function openFolder(folder: string, paths: readonly string[] | undefined): Promise<RenderSource> {
  const close = async (): Promise<void> => undefined
  if (paths === undefined && existsSync(join(folder, 'Chart.yaml'))) {
    const path = await realpath(folder)
    // It may name parts beside it, anywhere in its repository.
    const root = repositoryAround(path)
    const chart = relative(root, path)
    return { open: () => readDirectory(root), root, paths, chart, isKustomization: false, close }
  }
  if (paths !== undefined || !kustomizationFiles.some(file => existsSync(join(folder, file)))) {
    const files = await filesForGit(folder)
    return { open: () => readDirectory(folder, { files }), root: folder, paths, isKustomization: false, close }
  }
  // A kustomization may name bases beside it, anywhere in its repository.
  const path = await realpath(folder)
  const root = repositoryAround(path)
  const followed = [relative(root, path) || '.']
  return { open: () => readDirectory(root), root, paths: followed, isKustomization: true, close }
}

/**
 * The files of a folder that git does not ignore: no commit would hold others, such as node_modules. Undefined where no git
 * says so, or where it ignores the folder itself, which was named all the same.
 */
export async function filesForGit(folder: string): Promise<readonly string[] | undefined> {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  // A foreign repository's configuration may name programs; of these, listing files runs this one.
  const options = { env: userConfig(), config: { 'core.fsmonitor': 'false' } }
  const { code, stdout } = await runGit(['-C', folder, ...words], options)
  return code === 0 && stdout.length > 0 ? stdout.toString().split('\0').filter(Boolean) : undefined
}

/** The user's own configuration says whose repositories are trusted. */
function userConfig() {
  return { HOME: process.env['HOME'], GIT_CONFIG_GLOBAL: undefined, GIT_CONFIG_NOSYSTEM: undefined }
}

/** The nearest folder above with a repository; all of the disk where there is none. */
function repositoryAround(folder: string): string {
  const above = dirname(folder)
  return existsSync(join(folder, '.git')) || above === folder ? folder : repositoryAround(above)
}

interface Revision {
  readonly repository: string
  readonly root: string
  readonly tree: string
  /** When it was committed, in seconds since 1970; 0 for a tree that no commit was named for. */
  readonly time: number
}

async function findTree(revision: string): Promise<Revision | undefined> {
  const env = userConfig()
  const repository = await runGit(['rev-parse', '--absolute-git-dir'], { env })
  const above = await runGit(['rev-parse', '--show-cdup'], { env })
  const tree = await runGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{tree}`], { env })
  if (repository.stderr.includes('dubious ownership')) {
    throw new CliError(`${revision} cannot be looked up: git does not trust this repository, which is another user's`, {
      remedy: 'git config --global --add safe.directory followed by its path',
    })
  }
  if (repository.code !== 0 || tree.code !== 0) return undefined
  const committed = await runGit(['show', '--no-patch', '--format=%ct', '--end-of-options', `${revision}^{commit}`], {
    env,
  })
  const [path = '', root = '', oid = ''] = [repository, above, tree].map(({ stdout }) => stdout.toString().trim())
  const time = committed.code === 0 ? Number(committed.stdout.toString()) : 0
  return { repository: path, root: root || '.', tree: oid, time }
}
