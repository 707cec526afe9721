import { expect, test } from 'vitest'
import { highestIn, isVersionRange } from './version-range.ts'

const versions = ['0.9.0', '1.2.0', '1.10.0', '1.10.1-rc.1', 'v2.0.0', '2.1.0_build.3', 'latest', '']

test.each([
  { range: '1.2.0', highest: '1.2.0' },
  { range: '^1.2', highest: '1.10.0' },
  { range: '1.x', highest: '1.10.0' },
  { range: '>=1.2, <2', highest: '1.10.0' },
  { range: '~0.9 || ~1.2', highest: '1.2.0' },
  { range: '~1.10.1-0', highest: '1.10.1-rc.1' },
  { range: '2.0.x', highest: 'v2.0.0' },
  { range: '*', highest: '2.1.0_build.3' },
  { range: '^3', highest: undefined },
])('$range is $highest', ({ range, highest }) => {
  expect({ isRange: isVersionRange(range), highest: highestIn(range, versions) }).toEqual({ isRange: true, highest })
})

test.each(['', '  ', 'latest', 'one.two', '>=', '1.2.3.4', '^'.repeat(300)])('%j is no range', text => {
  expect(isVersionRange(text)).toBe(false)
})
