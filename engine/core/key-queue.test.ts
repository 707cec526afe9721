import { expect, test } from 'vitest'
import { KeyQueue } from './key-queue.ts'

function drain(queue: KeyQueue): string[] {
  const taken: string[] = []
  for (let key = queue.take(); key !== undefined; key = queue.take()) taken.push(key)
  return taken
}

test.each<{ name: string; steps: readonly ('take' | 'drain' | `add ${string}`)[]; taken: readonly string[] }>([
  { name: 'an empty queue gives nothing', steps: ['take', 'take'], taken: [] },
  { name: 'in the order of adding', steps: ['add b', 'add a', 'add c', 'drain'], taken: ['b', 'a', 'c'] },
  { name: 'what waits keeps its place', steps: ['add a', 'add b', 'add a', 'drain'], taken: ['a', 'b'] },
  { name: 'what was taken comes last', steps: ['add a', 'add b', 'take', 'add a', 'drain'], taken: ['a', 'b', 'a'] },
  { name: 'goes on after it was empty', steps: ['add a', 'drain', 'take', 'add b', 'drain'], taken: ['a', 'b'] },
])('$name', ({ steps, taken }) => {
  const queue = new KeyQueue()
  const found = steps.flatMap(step => {
    if (step === 'drain') return drain(queue)
    if (step === 'take') return queue.take() ?? []
    queue.add(step.slice('add '.length))
    return []
  })
  expect(found).toEqual(taken)
})

test('thousands, added while others are taken', () => {
  const queue = new KeyQueue()
  const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)
  const taken: string[] = []
  for (const [index, key] of keys.entries()) {
    queue.add(key)
    if (index % 3 === 0) taken.push(queue.take() ?? 'none')
  }
  expect([...taken, ...drain(queue)]).toEqual(keys)
})
