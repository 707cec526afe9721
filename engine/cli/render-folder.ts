import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { formatProblem, type Problem } from '../api/problem.ts'
import { describeRef, refOf } from '../api/reference.ts'
import { readDirectory } from '../render/directory.ts'
import { createRenderer, type Rendered } from '../render/renderer.ts'
import { writeYaml } from '../render/write.ts'
import { CliError, exitCodes } from './failure.ts'
import { parseOnly } from './only.ts'
import { formatProblems, type ProblemFormat } from './problem-report.ts'
import type { Terminal } from './terminal.ts'

interface FolderOptions {
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

interface ValidateOptions extends FolderOptions {
  readonly format: ProblemFormat
  /** The objects to look at, as `--only` names them; none names all. */
  readonly only: readonly string[]
}

/** Prints what is wrong with a folder; the exit code. */
export async function validateFolder(
  folder: string,
  { format, paths, only, terminal }: ValidateOptions,
): Promise<number> {
  const wanted = only.map(text => ({ text, selects: parseOnly(text) }))
  const { manifests, problems } = await readFolder(folder, { validate: true, paths, cacheFolder: cacheFolder() })
  const valid = manifests.map(({ object, origin }) => ({ object: describeRef(refOf(object)), file: origin.file }))
  const isWanted = ({ object }: { readonly object?: string }): boolean =>
    wanted.length === 0 || (object !== undefined && wanted.some(({ selects }) => selects(object)))
  const shown = { valid: valid.filter(isWanted), problems: problems.filter(isWanted) }
  const absent = wanted.find(({ selects }) =>
    [...shown.valid, ...shown.problems].every(({ object }) => object === undefined || !selects(object)),
  )
  if (absent !== undefined) {
    for (const problem of problems) if (problem.object === undefined) terminal.note(`${formatProblem(problem)}\n`)
    const remedy = `gantry render ${folder} prints what there is`
    throw new CliError(`there is no ${absent.text} in ${folder}`, { remedy })
  }
  const { colors } = terminal
  terminal.write(formatProblems(shown.problems, { format, valid: shown.valid, root: rootOf(folder), colors }))
  return exitCodeOf(shown.problems)
}

/** Continuous integration runs at the root of the repository, and looks for files from there. */
function rootOf(folder: string): string {
  const path = relative(process.cwd(), folder)
  return path === '' || path.startsWith('..') ? '' : `${path.replaceAll(sep, '/')}/`
}

async function readFolder(
  folder: string,
  {
    validate,
    paths,
    cacheFolder,
  }: { readonly validate: boolean; readonly paths: readonly string[] | undefined; readonly cacheFolder?: string },
): Promise<Rendered> {
  await expectFolder(folder)
  const renderer = createRenderer({ validate, ...(cacheFolder === undefined ? {} : { cacheFolder }) })
  try {
    return await renderer.render(readDirectory(folder), paths === undefined ? {} : { paths })
  } finally {
    await renderer.close()
  }
}

/** What files gave, but for Secrets, for the next time: https://specifications.freedesktop.org/basedir-spec/latest/ */
function cacheFolder(): string {
  const home = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(home, 'gantry', 'validate')
}

async function expectFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const what = found === undefined ? 'does not exist' : 'is not a folder'
  throw new CliError(`${folder} ${what}`, { remedy: 'name the folder that holds the manifests' })
}

function exitCodeOf(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? exitCodes.failed : 0
}
