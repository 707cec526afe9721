import { expect, test } from 'vitest'
import { creationRule } from './creation-rules.ts'

const rules = `creation_rules:
  - path_regex: \\.env$
    age: "age1a, age1b"
  - path_regex: ^prod/.*\\.yaml$
    age: [age1c]
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: true
  - path_regex: ^team/
    pgp: FBC7
  - path_regex: ^group/
    key_groups: [{ age: [age1d] }]
  - path_regex: ^groups/
    key_groups: [{ age: [age1d] }, { age: [age1e] }]
  - path_regex: ^comments/
    age: age1a
    encrypted_comment_regex: secret
  - path_regex: ^both/
    age: age1a
    encrypted_suffix: _a
    encrypted_regex: b
`

test.each([
  {
    path: 'app/.env',
    rule: { recipients: ['age1a', 'age1b'], selection: undefined, macOnlyEncrypted: false },
  },
  {
    path: 'prod/a/b.yaml',
    rule: {
      recipients: ['age1c'],
      selection: { rule: 'encrypted_regex', pattern: '^(data|stringData)$' },
      macOnlyEncrypted: true,
    },
  },
  { path: 'group/a', rule: { recipients: ['age1d'], selection: undefined, macOnlyEncrypted: false } },
  { path: 'elsewhere', rule: undefined },
])('the rule of $path', ({ path, rule }) => {
  expect(creationRule(rules, path)).toEqual(rule)
})

test('a rule without a path fits every file', () => {
  expect(creationRule('creation_rules: [{ age: age1a }]', 'x')?.recipients).toEqual(['age1a'])
  expect(creationRule('stores: {}', 'x')).toBeUndefined()
})

test.each([
  { path: 'team/a', message: 'the rule names keys of pgp, for which Gantry does not encrypt' },
  { path: 'groups/a', message: 'the rule has several key_groups, which Gantry does not support' },
  {
    path: 'comments/a',
    message: 'encrypted_comment_regex says what is encrypted: Gantry reads such files and writes none',
  },
  { path: 'both/a', message: 'encrypted_suffix and encrypted_regex cannot stand together' },
])('the rule of $path is refused', ({ path, message }) => {
  expect(() => creationRule(rules, path)).toThrow(message)
})
