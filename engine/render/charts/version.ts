import { Range, SemVer, satisfies } from 'semver'

/** A version as Helm reads it: `v1.2` is 1.2.0. Undefined where it is none. */
export function versionOf(text: string): SemVer | undefined {
  const [, major, minor = '0', patch = '0', rest = ''] =
    /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?$/.exec(text.trim()) ?? []
  if (major === undefined) return undefined
  try {
    return new SemVer(`${major}.${minor}.${patch}${rest}`)
  } catch {
    return undefined
  }
}

/** A constraint as Helm reads it, where `>=1.19-0` takes pre-releases in too. Undefined where it is none. */
export function rangeOf(text: string): Range | undefined {
  const whole = text
    .replaceAll(',', ' ')
    .replace(/(?<![\d.])v?(\d+)\.(\d+)-(?=\S)/g, '$1.$2.0-')
    .replace(/(?<![\d.])v?(\d+)-(?=\d)/g, '$1.0.0-')
    .replace(/(^|\s)=\s*/g, '$1=')
    .replace(/!=\s*\S+/g, '')
  try {
    return new Range(whole, { includePrerelease: /\d-\S/.test(text) })
  } catch {
    return undefined
  }
}

/** Whether a version is one that a constraint means; undefined where either cannot be read. */
export function isWithin(version: string, constraint: string): boolean | undefined {
  const [range, found] = [rangeOf(constraint), versionOf(version)]
  if (range === undefined || found === undefined) return undefined
  const unwanted = [...constraint.matchAll(/!=\s*([^\s,|]+)/g)].map(([, each]) => versionOf(each ?? '')?.compare(found))
  return satisfies(found, range) && !unwanted.includes(0)
}
