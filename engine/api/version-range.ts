import { compare, parse, satisfies, validRange } from 'semver'

/** Helm writes `>=1.2, <3` where others leave the comma out. */
function plain(range: string): string {
  return range.replaceAll(',', ' ')
}

/** A range as Helm takes it: https://semver.org versions with `^ ~ >= <= > < = x ||` and hyphens. */
export function isVersionRange(text: string): boolean {
  return text.trim() !== '' && text.length <= 256 && validRange(plain(text)) !== null
}

/**
 * The highest version in a range, as it is written there (`v1.2.0` stays so); undefined where none is. What is no version
 * is passed over, and so are pre-releases unless the range names one.
 */
export function highestIn(range: string, versions: readonly string[]): string | undefined {
  // A `+` cannot stand in a tag, so registries carry versions with an underscore in its place; the tag is the name here.
  const found = versions
    .flatMap(written => {
      const version = parse(written.replaceAll('_', '+'))
      return version !== null && satisfies(version, plain(range)) ? [{ written, version }] : []
    })
    .sort((a, b) => compare(b.version, a.version) || (a.written < b.written ? -1 : 1))
  return found[0]?.written
}
