import { join, relative, sep } from 'node:path'
import { takeAgeKeys } from '../age-keys.ts'
import { formatProblem } from '../api/problem.ts'
import { describeRef, refOf } from '../api/reference.ts'
import { createKeyRing } from '../render/sops/key-ring.ts'
import type { UnitTrace } from '../render/trace.ts'
import { cacheFolder } from './cache-folder.ts'
import { explainUnits, inOrder } from './explain.ts'
import { CliError, usageError } from './failure.ts'
import { parseOnly } from './only.ts'
import { formatProblems, type ProblemFormat } from './problem-report.ts'
import { exitCodeOf, renderOnce, type FolderOptions } from './render-folder.ts'
import { openSource } from './render-source.ts'

interface ValidateOptions extends FolderOptions {
  readonly format: ProblemFormat
  /** The objects to look at, as `--only` names them; none names all. */
  readonly only: readonly string[]
  /** Also tells how each unit came about. */
  readonly explain: boolean
}

/** Prints what is wrong with a folder or a commit; the exit code. */
export async function validateFolder(
  folder: string,
  { format, paths, ageKeyFile, only, explain, terminal }: ValidateOptions,
): Promise<number> {
  if (explain && format !== 'text' && format !== 'json') {
    throw usageError(`-o ${format} has no place for --explain`, 'write -o text or -o json')
  }
  const wanted = only.map(text => ({ text, selects: parseOnly(text) }))
  const traces: UnitTrace[] = []
  const identities = await takeAgeKeys(ageKeyFile)
  const source = await openSource(folder, paths)
  const options = {
    cacheFolder: join(cacheFolder(), 'validate'),
    onUnit: (trace: UnitTrace) => traces.push(trace),
    keyRing: createKeyRing({ identities, withoutKey: 'hide' }),
  }
  const { manifests, problems } = await renderOnce(source, options).finally(() => source.close())
  const valid = manifests.map(({ object, origin }) => ({ object: describeRef(refOf(object)), file: origin.file }))
  const isWanted = ({ object }: { readonly object?: string }): boolean =>
    wanted.length === 0 || (object !== undefined && wanted.some(({ selects }) => selects(object)))
  const shown = { valid: valid.filter(isWanted), problems: problems.filter(isWanted) }
  const absent = wanted.find(({ selects }) =>
    [...shown.valid, ...shown.problems].every(({ object }) => object === undefined || !selects(object)),
  )
  if (absent !== undefined) {
    // It may be in a file that cannot be read.
    for (const problem of problems) if (problem.object === undefined) terminal.note(`${formatProblem(problem)}\n`)
    const remedy = `gantry render ${folder} prints what there is`
    throw new CliError(`there is no ${absent.text} in ${folder}`, { remedy })
  }
  if (explain && format === 'text') terminal.write(`${explainUnits(traces)}\n`)
  const report = {
    format,
    valid: shown.valid,
    root: rootOf(source.root),
    ...(explain ? { more: { units: inOrder(traces) } } : {}),
    colors: terminal.colors,
  }
  terminal.write(formatProblems(shown.problems, report))
  return exitCodeOf(shown.problems)
}

/** Continuous integration runs at the root of the repository, and looks for files from there. */
function rootOf(folder: string): string {
  const path = relative(process.cwd(), folder)
  return path === '' || path.startsWith('..') ? '' : `${path.replaceAll(sep, '/')}/`
}
