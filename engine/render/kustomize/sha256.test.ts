import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

test.each(['', 'abc', 'é'.repeat(40), ...[55, 56, 63, 64, 65, 1000].map(length => 'x'.repeat(length))])('%j', text => {
  expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
})
