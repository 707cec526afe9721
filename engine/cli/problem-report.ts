import { formatProblem, type Problem } from '../api/problem.ts'
import { junit, type ValidObject } from './junit.ts'
import { sarif } from './sarif.ts'
import type { Terminal } from './terminal.ts'

export type ProblemFormat = 'text' | 'json' | 'sarif' | 'junit'

interface ReportOptions {
  readonly format: ProblemFormat
  readonly valid: readonly ValidObject[]
  /** What stands before a file's path for it to begin where the tools of a continuous integration expect it; `''` or `deploy/`. */
  readonly root: string
  /** More fields of the JSON. */
  readonly more?: object
  readonly colors: Terminal['colors']
}

/** Problems for people, or for the tools of a continuous integration. */
export function formatProblems(
  problems: readonly Problem[],
  { format, valid, root, more, colors }: ReportOptions,
): string {
  switch (format) {
    case 'text':
      return text(problems, { objects: valid.length, colors })
    case 'json':
      return `${JSON.stringify({ objects: valid.length, problems, ...more }, undefined, 2)}\n`
    case 'sarif':
      return `${JSON.stringify(sarif(problems, root), undefined, 2)}\n`
    case 'junit':
      return junit(problems, { valid, root })
  }
}

function text(
  problems: readonly Problem[],
  { objects, colors }: { readonly objects: number; readonly colors: Terminal['colors'] },
): string {
  const lines = problems.map(problem => {
    const paint = problem.severity === 'error' ? colors.red : colors.yellow
    return formatProblem(problem).replace(`: ${problem.severity}: `, `: ${paint(problem.severity)}: `)
  })
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const counts = [count(objects, 'valid object'), count(errors, 'error'), count(problems.length - errors, 'warning')]
  return `${[...lines, counts.join(', ')].join('\n')}\n`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
