import { stat } from 'node:fs/promises'
import { formatProblem, type Problem } from '../api/problem.ts'
import { readDirectory } from '../render/directory.ts'
import { createRenderer, type Rendered, type RendererOptions } from '../render/renderer.ts'
import { writeYaml } from '../render/write.ts'
import { CliError, exitCodes } from './failure.ts'
import { openRemotes } from './open-remotes.ts'
import type { Terminal } from './terminal.ts'

export interface FolderOptions {
  readonly paths: readonly string[] | undefined
  readonly terminal: Terminal
}

/** Prints what a folder asks for; the exit code. What is wrong goes to stderr, so that the YAML can be piped on. */
export async function renderFolder(
  folder: string,
  { validate, paths, terminal }: FolderOptions & { readonly validate: boolean },
): Promise<number> {
  const { manifests, problems } = await readFolder(folder, { validate, paths })
  for (const { object, origin } of manifests) {
    terminal.write(`---\n# ${origin.file}:${origin.line}\n${writeYaml(object)}`)
  }
  for (const problem of problems) terminal.note(`${formatProblem(problem)}\n`)
  return exitCodeOf(problems)
}

/** Renders a folder of the disk, for once. */
export async function readFolder(
  folder: string,
  { paths, ...options }: RendererOptions & { readonly paths: readonly string[] | undefined },
): Promise<Rendered> {
  await expectFolder(folder)
  const remotes = await openRemotes()
  const renderer = createRenderer({ ...options, remotes })
  try {
    return await renderer.render(readDirectory(folder), paths === undefined ? {} : { paths })
  } finally {
    await renderer.close()
    await remotes.close()
  }
}

export async function expectFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const what = found === undefined ? 'does not exist' : 'is not a folder'
  throw new CliError(`${folder} ${what}`, { remedy: 'name the folder that holds the manifests' })
}

export function exitCodeOf(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? exitCodes.failed : 0
}
