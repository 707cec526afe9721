export class Violation extends Error {
  override readonly name = 'Violation'
}

export function check(holds: boolean, what: () => string): void {
  if (!holds) throw new Violation(what())
}
