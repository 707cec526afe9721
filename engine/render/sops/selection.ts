import { Unreadable } from '../source-text.ts'

/** Which values of a file are encrypted, by the keys on the way to them. */
export interface Selection {
  readonly rule: SelectionRule
  readonly pattern: string
}

export const selectionRules = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
] as const
export type SelectionRule = (typeof selectionRules)[number]

/** What SOPS does where a file says nothing. */
export const defaultSelection: Selection = { rule: 'unencrypted_suffix', pattern: '_unencrypted' }

export type Selects = (path: readonly string[]) => boolean

export function selectorOf({ rule, pattern }: Selection): Selects {
  const fits = rule.endsWith('_suffix') ? (key: string) => key.endsWith(pattern) : regExpTest(pattern, rule)
  return rule.startsWith('unencrypted_') ? path => !path.some(fits) : path => path.some(fits)
}

/** A regular expression of Go that means the same here; what does not is refused. */
export function regExpTest(pattern: string, field: string): (text: string) => boolean {
  const [, insensitive, rest = ''] = /^(\(\?i\))?(.*)$/s.exec(pattern) ?? []
  // Go lets any punctuation be escaped, here only what has a meaning may be.
  const source = rest.replace(/\\([-_@%&~!#"'`,:;<>= ])/g, (_, letter: string) =>
    letter === '-' ? String.raw`\x2d` : letter,
  )
  try {
    const regExp = new RegExp(source, insensitive === undefined ? 'u' : 'iu')
    return text => regExp.test(text)
  } catch {
    throw new Unreadable(`${field} is ${JSON.stringify(pattern)}, which is not understood`, {
      remedy: 'write it with groups, classes and ^ $ alone',
    })
  }
}
