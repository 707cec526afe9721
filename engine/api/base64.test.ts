import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { toBase64 } from './base64.ts'

test('the base64 of any text is what Buffer makes of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(toBase64(text)).toBe(Buffer.from(text).toString('base64'))
    }),
  )
})
