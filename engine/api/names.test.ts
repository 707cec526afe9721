import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import {
  isConfigKey,
  isDnsLabel,
  isDnsSubdomain,
  isIPv4,
  isIPv6,
  isLabelValue,
  isPortName,
  isQualifiedName,
  isRelativePath,
  isServiceName,
} from './names.ts'

const long = (length: number): string => 'a'.repeat(length)

test.each([
  {
    what: 'label',
    accepts: isDnsLabel,
    right: ['a', 'a-b', '0', long(63)],
    wrong: ['', '-a', 'a-', 'A', 'a.b', 'a_b', long(64)],
  },
  {
    what: 'subdomain',
    accepts: isDnsSubdomain,
    right: ['a.b', 'a-1.b', long(253)],
    wrong: ['', '.a', 'a.', 'a..b', 'A', long(254)],
  },
  { what: 'Service', accepts: isServiceName, right: ['a', 'a1'], wrong: ['1a', 'a.b', '-a'] },
  { what: 'port', accepts: isPortName, right: ['http', 'h2', 'a-b'], wrong: ['80', 'a--b', 'HTTP', '-a', long(16)] },
  {
    what: 'qualified name',
    accepts: isQualifiedName,
    right: ['app', 'a.b/App_1', long(63), `a/${long(63)}`],
    wrong: ['', '/a', 'a/', 'a/b/c', 'A/b', '_a', 'a b', long(64)],
  },
  {
    what: 'label value',
    accepts: isLabelValue,
    right: ['', 'A_b.c-1', long(63)],
    wrong: ['-a', 'a.', 'a b', 'a/b', long(64)],
  },
  {
    what: 'key',
    accepts: isConfigKey,
    right: ['.npmrc', '__proto__', 'A-1'],
    wrong: ['', '.', '..', '..a', 'a/b', 'a b', long(254)],
  },
  { what: 'relative path', accepts: isRelativePath, right: ['a', 'a/b', '..a'], wrong: ['', '/a', '..', 'a/../b'] },
])('$what', ({ accepts, right, wrong }) => {
  expect({ right: right.filter(text => !accepts(text)), wrong: wrong.filter(accepts) }).toEqual({
    right: [],
    wrong: [],
  })
})

test.each([
  '1.2.3.4',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3',
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:1.2.3.4',
  '1:2:3:4:5:6:7:1.2.3.4',
  '12345::',
  'g::',
  '',
  ':',
  ':::',
  '1:',
  ':1',
  'fd00::10',
])('%j is an address where node says so', text => {
  expect([isIPv4(text), isIPv6(text)]).toEqual([isIP(text) === 4, isIP(text) === 6])
})
