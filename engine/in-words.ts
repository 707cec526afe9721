/** An error as a person reads it in one line: what went wrong, and what would mend it where the error knows. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? `; ${error.remedy}` : ''
  return `${error.message}${remedy}`
}
