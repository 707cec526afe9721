import type { Manifest, Release } from '../manifest.ts'
import { nearest } from '../nearest.ts'
import type { Problem } from '../problem.ts'
import { keyOf } from '../reference.ts'
import { compareText } from '../stable.ts'

/** The first manifest of each release. */
export function firstOfReleases(manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> {
  const firsts = new Map<string, Manifest>()
  for (const manifest of manifests) {
    const key = manifest.release && releaseKey(manifest.release)
    if (key !== undefined && !firsts.has(key)) firsts.set(key, manifest)
  }
  return firsts
}

/** `shop/db` */
export function releaseKey({ name, namespace }: Pick<Release, 'name' | 'namespace'>): string {
  return keyOf(name, namespace)
}

/** The keys of the releases that one depends on, each once. */
export function dependenciesOf({ namespace, dependsOn }: Release): readonly string[] {
  return [...new Set(dependsOn.map(name => (name.includes('/') ? name : keyOf(name, namespace))))]
}

/** Releases that wait for one that is not there, or for each other: they would wait for ever. */
export function checkReleases(firsts: ReadonlyMap<string, Manifest>): Problem[] {
  return [...firsts].flatMap(([key, manifest]) => {
    const missing = dependencies(manifest).filter(other => !firsts.has(other))
    const circle = circleThrough(key, firsts)
    return [
      ...missing.map(other => {
        const meant = nearest(other, firsts.keys())
        const remedy =
          meant === undefined ? `add release ${other}, or remove it from dependsOn` : `did you mean ${meant}?`
        return problem(manifest, { text: `names ${other}, a release that the commit does not have`, remedy })
      }),
      ...(circle === undefined
        ? []
        : [problem(manifest, { text: `goes round: ${circle.join(' → ')}`, remedy: 'remove one of these' })]),
    ]
  })
}

function dependencies({ release }: Manifest): readonly string[] {
  return release === undefined ? [] : dependenciesOf(release)
}

/** `a → b → a`: the shortest way from a release back to itself. */
function circleThrough(key: string, firsts: ReadonlyMap<string, Manifest>): readonly string[] | undefined {
  const seen = new Set<string>()
  const ways: (readonly string[])[] = [[key]]
  for (let way = ways.shift(); way; way = ways.shift()) {
    const last = firsts.get(way.at(-1) ?? '')
    for (const next of last ? [...dependencies(last)].sort(compareText) : []) {
      if (next === key) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

function problem({ release, origin }: Manifest, { text, remedy }: { text: string; remedy: string }): Problem {
  const object = `Release ${release ? releaseKey(release) : ''}`
  const message = `${object}: spec.dependsOn ${text}`
  return { ...(release?.origin ?? origin), severity: 'error', message, remedy, object, field: 'spec.dependsOn' }
}
