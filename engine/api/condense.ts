import type { Problem } from './problem.ts'

/** So many warnings of one wording are told with their places. */
const placesShown = 3

/**
 * Problems with the warnings that say the same of many places told for the first three only, the last of which counts
 * the others: a repository of 10,000 manifests can have 5,000 warnings, and all of them would be told to every pusher and
 * recorded with every commit. Errors stay as they are, each with its place.
 */
export function condense(problems: readonly Problem[]): Problem[] {
  const told: Problem[] = []
  const known = new Map<string, { count: number; last: number }>()
  for (const problem of problems) {
    const wording = `${problem.message}\n${problem.remedy ?? ''}`
    const alike = problem.severity === 'warning' ? known.get(wording) : undefined
    if (alike !== undefined && alike.count >= placesShown) {
      alike.count += 1
      continue
    }
    told.push(problem)
    if (problem.severity === 'warning') {
      known.set(wording, { count: (alike?.count ?? 0) + 1, last: told.length - 1 })
    }
  }
  for (const { count, last } of known.values()) {
    const problem = told[last]
    if (problem !== undefined && count > placesShown) told[last] = { ...problem, more: count - placesShown }
  }
  return told
}
