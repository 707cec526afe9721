import { expect, test } from 'vitest'
import { formatToken, parseToken } from './token.ts'

const id = 'abcdefg1'
const secret = 'a1b2'.repeat(8)
const pin = '0f'.repeat(32)
const other = 'ab'.repeat(32)

test.each([
  { name: 'one CA', token: { id, secret, pins: [pin] }, text: `gantry.${id}.${secret}.${pin}` },
  {
    name: 'two while the CA is replaced',
    token: { id, secret, pins: [pin, other] },
    text: `gantry.${id}.${secret}.${pin}.${other}`,
  },
])('$name', ({ token, text }) => {
  expect(formatToken(token)).toBe(text)
  expect(parseToken(`${text}\n`)).toEqual(token)
})

test.each([
  { name: 'nothing', text: '' },
  { name: 'a token of the API', text: '2ZJVBcEpmVQ4f0Gxw1mXc3Jr' },
  { name: 'no pin', text: `gantry.${id}.${secret}` },
  { name: 'half a pin', text: `gantry.${id}.${secret}.${pin.slice(2)}` },
  { name: 'a short secret', text: `gantry.${id}.${secret.slice(1)}.${pin}` },
  { name: 'two lines', text: `gantry.${id}.${secret}.${pin}\nx` },
])('no token: $name', ({ text }) => {
  expect(parseToken(text)).toBeUndefined()
})
