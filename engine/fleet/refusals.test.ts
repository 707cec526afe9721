import { expect, test } from 'vitest'
import { tellRefusals } from './refusals.ts'
import type { RefusalLine } from './refusals.ts'

test('a flood is told of in part, and how much was not', () => {
  const lines: RefusalLine[] = []
  let now = 0
  const tell = tellRefusals(
    line => lines.push(line),
    () => now,
  )
  const refusal = { reason: 'it is no agent', remedy: 'none' }
  for (let index = 0; index < 1_000; index++) tell(refusal, 'here')
  expect(lines).toHaveLength(200)
  now = 59_999
  tell(refusal, 'here')
  expect(lines).toHaveLength(200)
  now = 60_000
  tell(refusal, 'there')
  tell(refusal, 'there')
  expect(lines.slice(200)).toEqual([
    { ...refusal, from: 'there', untold: 801 },
    { ...refusal, from: 'there', untold: 0 },
  ])
})
