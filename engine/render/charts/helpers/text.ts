import { HelperFailure, checkSize, helper, type Helper } from './helper.ts'
import { printf } from './printf.ts'
import { textOf } from './convert.ts'

const one = (change: (text: string) => string): Helper => helper({ takes: ['text'] }, ([text]) => change(text))
const two = (run: (first: string, text: string) => unknown): Helper =>
  helper({ takes: ['text', 'text'] }, ([first, text]) => run(first, text))

/** Sprig's functions of text, under its names and with its order of arguments: the text comes last. */
export const textHelpers: Readonly<Record<string, Helper>> = {
  upper: one(text => text.toUpperCase()),
  lower: one(text => text.toLowerCase()),
  title: one(text => text.replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase())),
  untitle: one(text => text.replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toLowerCase())),
  trim: one(text => text.trim()),
  trimAll: two((cutset, text) => trimLeft(cutset, trimRight(cutset, text))),
  trimPrefix: two((prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: two((suffix, text) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
  nospace: one(text => text.replace(/\s+/g, '')),
  camelcase: one(text => words(text).map(capitalized).join('')),
  kebabcase: one(text => words(text).join('-').toLowerCase()),
  snakecase: one(text => words(text).join('_').toLowerCase()),
  contains: two((part, text) => text.includes(part)),
  hasPrefix: two((prefix, text) => text.startsWith(prefix)),
  hasSuffix: two((suffix, text) => text.endsWith(suffix)),
  quote: helper({ takes: [], rest: 'any' }, (_, __, values) => present(values).map(quoted).join(' ')),
  squote: helper({ takes: [], rest: 'any' }, (_, __, values) =>
    present(values)
      .map(value => `'${value}'`)
      .join(' '),
  ),
  /** A negative length counts from the end. */
  trunc: helper({ takes: ['whole', 'text'] }, ([length, text]) =>
    length < 0 ? text.slice(Math.max(0, text.length + length)) : text.slice(0, length),
  ),
  substr: helper({ takes: ['whole', 'whole', 'text'] }, ([start, end, text]) =>
    text.slice(Math.max(0, start), end < 0 ? undefined : end),
  ),
  repeat: helper({ takes: ['whole', 'text'] }, ([count, text]) => {
    checkSize(count * text.length)
    return text.repeat(Math.max(0, text === '' ? 0 : count))
  }),
  replace: helper({ takes: ['text', 'text', 'text'] }, ([from, to, text]) => {
    checkSize(text.length + (from === '' ? text.length + 1 : text.length / from.length) * to.length)
    return text.replaceAll(from, () => to)
  }),
  indent: helper({ takes: ['whole', 'text'] }, ([width, text]) => indented(width, text)),
  nindent: helper({ takes: ['whole', 'text'] }, ([width, text]) => `\n${indented(width, text)}`),
  printf: helper({ takes: ['text'], rest: 'any' }, ([format], _, values) => printf(format, values)),
  print: helper({ takes: [], rest: 'any' }, (_, __, values) => values.map(textOf).join('')),
  cat: helper({ takes: [], rest: 'any' }, (_, __, values) => present(values).join(' ')),
  splitList: two((separator, text) => text.split(separator)),
  split: two((separator, text) => Object.fromEntries(text.split(separator).map((part, index) => [`_${index}`, part]))),
  join: helper({ takes: ['text', 'list'] }, ([separator, items]) => {
    const texts = present(items)
    checkSize(texts.reduce((sum, text) => sum + text.length + separator.length, 0))
    return texts.join(separator)
  }),
  toString: helper({ takes: ['any'] }, ([value]) => textOf(value)),
  toStrings: helper({ takes: ['list'] }, ([items]) => items.map(textOf)),
  ...patternHelpers(),
}

function present(values: readonly unknown[]): string[] {
  return values.filter(value => value !== null && value !== undefined).map(textOf)
}

/** As Go's `%q` writes it: YAML reads the same text from it. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

function indented(width: number, text: string): string {
  if (width < 0) throw new HelperFailure('takes a width of 0 or more')
  const lines = text.split('\n')
  checkSize(text.length + lines.length * width)
  const space = ' '.repeat(width)
  return lines.map(line => space + line).join('\n')
}

function trimLeft(cutset: string, text: string): string {
  let start = 0
  while (start < text.length && cutset.includes(text.charAt(start))) start += 1
  return text.slice(start)
}

function trimRight(cutset: string, text: string): string {
  let end = text.length
  while (end > 0 && cutset.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

/** `imagePullPolicy`, `image-pull policy` → image, Pull, Policy. */
function words(text: string): string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** A pattern that takes for ever is ended with the worker that tries it. */
function patternHelpers(): Record<string, Helper> {
  return {
    regexMatch: two((pattern, text) => compiled(pattern, '').test(text)),
    regexFind: two((pattern, text) => compiled(pattern, '').exec(text)?.[0] ?? ''),
    regexFindAll: helper({ takes: ['text', 'text', 'whole'] }, ([pattern, text, count]) =>
      [...text.matchAll(compiled(pattern, 'g'))].map(([found]) => found).slice(0, count < 0 ? undefined : count),
    ),
    regexReplaceAll: replaceAll(to => to.replace(/\$\{(\w+)\}/g, (_, name: string) => reference(name))),
    regexReplaceAllLiteral: replaceAll(to => to.replaceAll('$', '$$$$')),
    regexSplit: helper({ takes: ['text', 'text', 'whole'] }, ([pattern, text, count]) => {
      const parts = text.split(compiled(pattern, ''))
      return count < 0 ? parts : parts.slice(0, count)
    }),
    regexQuoteMeta: one(text => text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)),
  }
}

function replaceAll(prepared: (replacement: string) => string): Helper {
  return helper({ takes: ['text', 'text', 'text'] }, ([pattern, text, replacement]) => {
    checkSize((text.length + 1) * (replacement.length + 1))
    return text.replace(compiled(pattern, 'g'), prepared(replacement))
  })
}

/** `${1}` and `${name}` of Go. */
function reference(name: string): string {
  return /^\d+$/.test(name) ? `$${name}` : `$<${name}>`
}

/** A pattern of Go's syntax, as far as it is JavaScript's too; `(?i)` at the beginning is understood. */
function compiled(pattern: string, flags: string): RegExp {
  const [, given = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? []
  const source = rest.replaceAll('(?P<', '(?<').replace(/\\A/g, '^').replace(/\\z/g, '$')
  try {
    return new RegExp(source, flags + given)
  } catch {
    throw new HelperFailure('takes a pattern that is a regular expression', 'correct the pattern')
  }
}
