import { expect, test } from 'vitest'
import { formatEngineAddress, parseEngineAddress } from './address.ts'

test.each([
  { text: 'box:7000', address: { host: 'box', port: 7000 }, again: 'box:7000' },
  { text: '10.0.0.1', address: { host: '10.0.0.1', port: 7421 }, again: '10.0.0.1:7421' },
  { text: '[fd00::1]:7421', address: { host: 'fd00::1', port: 7421 }, again: '[fd00::1]:7421' },
])('$text', ({ text, address, again }) => {
  expect(parseEngineAddress(text, '--join')).toEqual(address)
  expect(formatEngineAddress(address)).toBe(again)
})

test.each(['', 'https://box:7421', 'box:0', 'box:70000', 'fd00::1', 'box:7421/x', 'a b'])('refused: %j', text => {
  expect(() => parseEngineAddress(text, '--join')).toThrow(
    `--join must be an address, not ${JSON.stringify(text)}; write HOST:7421`,
  )
})
