/** Container images made on the spot, from programs of this machine: no registry is asked. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface ImageContents {
  /** Programs to copy, each with the libraries that it loads. */
  readonly programs: readonly string[]
  /** Path in the image → text. */
  readonly files?: Readonly<Record<string, string>>
}

/** One layer under several names, each with a command of its own. Returns what removes them again. */
export function importImages(
  contents: ImageContents,
  commands: Readonly<Record<string, readonly string[]>>,
): () => void {
  const archive = imageArchive(contents)
  try {
    for (const [name, command] of Object.entries(commands)) {
      execFileSync('docker', ['import', '--change', commandChange(command), archive, name], { stdio: 'ignore' })
    }
  } finally {
    rmSync(archive)
  }
  return () => execFileSync('docker', ['rmi', '--force', ...Object.keys(commands)], { stdio: 'ignore' })
}

/** The file system of an image, for `docker import`; the caller removes it. */
export function imageArchive(contents: ImageContents): string {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-image-'))
  try {
    for (const path of ['tmp', 'etc', 'data', 'var/lib']) mkdirSync(join(folder, path), { recursive: true })
    for (const program of contents.programs) {
      for (const path of [program, ...librariesOf(program)]) copy(path, folder)
    }
    for (const [path, text] of Object.entries(contents.files ?? {})) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const archive = `${folder}.tar`
    execFileSync('tar', ['--create', '--file', archive, '--directory', folder, '.'])
    return archive
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What `docker import --change` and `docker commit --change` take. */
export function commandChange(command: readonly string[]): string {
  return `CMD ${JSON.stringify(command)}`
}

function librariesOf(program: string): string[] {
  const { stdout: text } = spawnSync('ldd', [program], { encoding: 'utf8' }) // A static program has none, and ldd fails.
  return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
}

function copy(path: string, folder: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true })
  cpSync(realpathSync(path), join(folder, path))
}
