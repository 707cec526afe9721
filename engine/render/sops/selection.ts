import { Unreadable } from '../source-text.ts'
import { isSealed } from './cipher.ts'

/** Which values of a file are encrypted, by the keys on the way to them. */
export interface Selection {
  readonly rule: SelectionRule | CommentRule
  readonly pattern: string
}

export const selectionRules = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
] as const
export type SelectionRule = (typeof selectionRules)[number]

/** By the comments before a value, and before what it is in. */
export const commentRules = ['unencrypted_comment_regex', 'encrypted_comment_regex'] as const
export type CommentRule = (typeof commentRules)[number]

export function isByComment({ rule }: Selection): boolean {
  return commentRules.some(each => each === rule)
}

/** What SOPS does where a file says nothing. */
export const defaultSelection: Selection = { rule: 'unencrypted_suffix', pattern: '_unencrypted' }

export type Selects = (path: readonly string[]) => boolean

/** Throws Unreadable where comments select. */
export function selectorOf(selection: Selection): Selects {
  const { rule, pattern } = selection
  if (isByComment(selection)) {
    throw new Unreadable(`${rule} says what is encrypted: Gantry reads such files and writes none`, {
      remedy: 'change it with sops',
    })
  }
  const fits = rule.endsWith('_suffix') ? (key: string) => key.endsWith(pattern) : regExpTest(pattern, rule)
  return rule.startsWith('unencrypted_') ? path => !path.some(fits) : path => path.some(fits)
}

/**
 * Whether a value that was read is encrypted, at a path. Comments are not under the MAC: where they selected, a value tells
 * itself. One that was put in another's place, or in plain text, is found out by its path or by the MAC all the same.
 */
export function reads(selection: Selection): (path: readonly string[], text: string | undefined) => boolean {
  if (isByComment(selection)) return (_, text) => text !== undefined && isSealed(text)
  const selects = selectorOf(selection)
  return path => selects(path)
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
