import { expect, test } from 'vitest'
import { alignTabs } from './tabs.ts'

test.each([
  ['cells of neighbouring lines form a column', 'a\tb\nlong\tc', 'a     b\nlong  c'],
  ['a line without the column ends it', 'a\tb\nplain\nlong\tc', 'a  b\nplain\nlong  c'],
  ['what follows the last tab is free', 'a\tvery long\tx\nb\tc\nd\te\tf', 'a  very long  x\nb  c\nd  e  f'],
  ['an empty cell indents', '\tb\na\tc', '   b\na  c'],
  ['colours take no room', '\u001B[31mred\u001B[39m\tb\nplain\tc', '\u001B[31mred\u001B[39m    b\nplain  c'],
])('%s', (_, text, expected) => {
  expect(alignTabs(text)).toBe(expected)
})
