import { expect, test } from 'vitest'
import { Remembered } from './remembered.ts'

/** Of `ask`, the texts for which a value was made. */
function made(ask: readonly string[], mostBytes: number): string[] {
  const texts: string[] = []
  const remembered = new Remembered<string>({ mostBytes, bytesOf: (_, value) => value.length })
  for (const text of ask) {
    const value = remembered.get(text, () => {
      texts.push(text)
      return text.toUpperCase()
    })
    expect(value).toBe(text.toUpperCase())
  }
  return texts
}

test.each<{ name: string; ask: string[]; mostBytes: number; makes: string[] }>([
  { name: 'what is known is not made again', ask: ['a', 'b', 'a', 'b'], mostBytes: 2, makes: ['a', 'b'] },
  {
    name: 'what was not used for longest goes first',
    ask: ['a', 'b', 'a', 'c', 'a', 'b'],
    mostBytes: 2,
    makes: ['a', 'b', 'c', 'b'],
  },
  {
    name: 'as much goes as a new one needs',
    ask: ['a', 'b', 'ccc', 'a', 'b'],
    mostBytes: 4,
    makes: ['a', 'b', 'ccc', 'a', 'b'],
  },
  {
    name: 'what has no room drives nothing out',
    ask: ['a', 'bbb', 'a', 'bbb'],
    mostBytes: 2,
    makes: ['a', 'bbb', 'bbb'],
  },
])('$name', ({ ask, mostBytes, makes }) => {
  expect(made(ask, mostBytes)).toEqual(makes)
})
