import ignore, { type Ignore } from 'ignore'
import type { Oid } from '../git/repository.ts'
import type { PlacedProblem } from './unit.ts'

export const ignoreFile = '.gantryignore'

/** What the `.gantryignore` files on the way from the root to a folder leave out, in gitignore syntax. */
export interface IgnoreRules {
  /** Equal rules have equal ids. */
  readonly id: string
  readonly layers: readonly Layer[]
}
interface Layer {
  /** The folder of the file: `''` or `apps/shop/`. */
  readonly base: string
  readonly rules: Ignore
}

export const noRules: IgnoreRules = { id: '', layers: [] }

/** Patterns are tried on every path, on the engine's own thread: they must not become what a push waits for. */
export const maxIgnoreBytes = 64 << 10
const maxPatterns = 1_000
/** Finding out that k stars do not fit a name of n letters can take n to the power of k steps. */
const maxStars = 3

export function tooLarge(bytes: number): PlacedProblem {
  return refusal(`is ${Math.ceil(bytes / 1024)} KiB large; at most ${maxIgnoreBytes >> 10} KiB are read`)
}

/** Why the patterns of a file are not taken; undefined where they are. */
export function tooCostly(text: string): PlacedProblem | undefined {
  const lines = text.split('\n').map((pattern, index) => ({ pattern: pattern.trim(), line: index + 1 }))
  const patterns = lines.filter(({ pattern }) => pattern !== '' && !pattern.startsWith('#'))
  if (patterns.length > maxPatterns) return refusal(`has ${patterns.length} patterns; at most ${maxPatterns} are taken`)
  const starry = patterns.find(({ pattern }) => pattern.split('/').some(name => name.split('*').length - 1 > maxStars))
  if (starry === undefined) return undefined
  return refusal(
    `has the pattern "${starry.pattern.slice(0, 60)}": at most ${maxStars} stars may stand in a name`,
    starry.line,
  )
}

function refusal(why: string, line = 0): PlacedProblem {
  const remedy = 'ignore whole folders instead'
  return { line, column: Math.min(line, 1), severity: 'error', message: `this file ${why}`, remedy }
}

/** The rules with those of one more file, which stands in the folder at `base`. */
export function withIgnoreFile(
  outer: IgnoreRules,
  { base, oid, text }: { base: string; oid: Oid; text: string },
): IgnoreRules {
  return {
    id: `${outer.id}${base}:${oid};`,
    layers: [...outer.layers, { base, rules: ignore({ allowRelativePaths: false }).add(text) }],
  }
}

/** Whether a path is left out; a folder's ends in `/`. A deeper file decides over the ones above it. */
export function isIgnored({ layers }: IgnoreRules, path: string): boolean {
  for (const { base, rules } of layers.toReversed()) {
    const { ignored, unignored } = rules.test(path.slice(base.length))
    if (ignored || unignored) return ignored
  }
  return false
}
