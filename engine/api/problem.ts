/** Where in a commit's files something stands. Lines and columns count from 1; 0 where a file has no lines. */
export interface Origin {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something about the input that its author should know. An error rejects the commit; a warning does not. */
export interface Problem extends Origin {
  readonly severity: 'error' | 'warning'
  /** What was found, what forbids it, and the value: `spec.replicas must be a whole number, not "three"`. */
  readonly message: string
  /** How to mend it, as an imperative: `write replicas: 3`. */
  readonly remedy?: string
  /** The object concerned: `Deployment shop/web`. */
  readonly object?: string
  /** The field's path: `spec.template.spec.containers[0].image`. */
  readonly field?: string
  /** The rule of the policy that the object breaks. */
  readonly policy?: string
  /** How many more places the same is to be said of. */
  readonly more?: number
}

/** `shop/web.yaml:14:13: error: spec.replicas must be …; write replicas: 3` */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  const remedy = problem.remedy === undefined ? '' : `; ${problem.remedy}`
  const { more } = problem
  const others =
    more === undefined ? '' : ` (and ${more} more place${more === 1 ? '' : 's'}: gantry validate names them)`
  return `${place}: ${problem.severity}: ${problem.message}${remedy}${others}`
}
