import ignore, { type Ignore } from 'ignore'
import type { Oid } from '../git/repository.ts'

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
