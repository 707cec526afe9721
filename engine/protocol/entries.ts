/** The programs that a build makes in `dist/`. */
export type Entry = 'gantry' | 'agent' | 'proxy' | 'render-worker'

/** Where a program is, seen from a built file (its sibling) or from a source file that a test runs. */
export function entryUrl(entry: Entry): URL {
  const here = new URL(import.meta.url)
  return /\/dist\/[^/]+$/.test(here.pathname) ? new URL(`./${entry}.js`, here) : new URL(`../../dist/${entry}.js`, here)
}
