/** Which part of a folder is followed. */
export interface Scope {
  /** Equal scopes have equal ids. */
  readonly id: string
  /** Everything below is followed. */
  readonly all: boolean
  includes(name: string): boolean
  inside(name: string): Scope
}

const everything: Scope = { id: '.', all: true, includes: () => true, inside: () => everything }

/** The scope of folders given by their paths from the root; `.` is everything. */
export function scopeOf(paths: readonly string[]): Scope {
  return scopeOfSegments(paths.map(segmentsOf))
}

/** `./apps//shop/` → apps, shop. */
export function segmentsOf(path: string): string[] {
  return path.split('/').filter(segment => segment !== '' && segment !== '.')
}

function scopeOfSegments(paths: readonly (readonly string[])[]): Scope {
  if (paths.length === 0 || paths.some(path => path.length === 0)) return everything
  const names = [...new Set(paths.flatMap(([first]) => first ?? []))].sort()
  const inner = new Map(
    names.map(name => [name, scopeOfSegments(paths.filter(([first]) => first === name).map(path => path.slice(1)))]),
  )
  return {
    id: `(${[...inner].map(([name, scope]) => `${name}/${scope.id}`).join('|')})`,
    all: false,
    includes: name => inner.has(name),
    inside: name => inner.get(name) ?? everything,
  }
}
