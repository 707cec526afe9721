import { expect, test } from 'vitest'
import { selectorOf, type SelectionRule } from './selection.ts'

test.each<{ rule: SelectionRule; pattern: string; path: string; selected: boolean }>([
  { rule: 'unencrypted_suffix', pattern: '_plain', path: 'a/b', selected: true },
  { rule: 'unencrypted_suffix', pattern: '_plain', path: 'a_plain/b', selected: false },
  { rule: 'encrypted_suffix', pattern: '_x', path: 'a/b_x', selected: true },
  { rule: 'encrypted_suffix', pattern: '_x', path: 'a/b', selected: false },
  { rule: 'encrypted_regex', pattern: '^(data|stringData)$', path: 'data/a', selected: true },
  { rule: 'encrypted_regex', pattern: '^(data|stringData)$', path: 'metadata/name', selected: false },
  { rule: 'encrypted_regex', pattern: 'pass', path: 'a/mypassword/b', selected: true },
  { rule: 'encrypted_regex', pattern: '(?i)PASS', path: 'mypassword', selected: true },
  { rule: 'encrypted_regex', pattern: String.raw`^api\-key\_1$`, path: 'api-key_1', selected: true },
  { rule: 'unencrypted_regex', pattern: '^meta', path: 'metadata/name', selected: false },
  { rule: 'unencrypted_regex', pattern: '^meta', path: 'data/meta', selected: false },
  { rule: 'unencrypted_regex', pattern: '^meta', path: 'data/a', selected: true },
])('$rule $pattern: $path', ({ rule, pattern, path, selected }) => {
  expect(selectorOf({ rule, pattern })(path.split('/'))).toBe(selected)
})

test.each(['(?P<name>a)', '[[:alpha:]]', '(', String.raw`\pN\zx`])(
  '%s is refused: it would mean something else',
  pattern => {
    expect(() => selectorOf({ rule: 'encrypted_regex', pattern })).toThrow('which is not understood')
  },
)
