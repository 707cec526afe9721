import { expect, test } from 'vitest'
import { createLineDecoder, encodeLine } from './lines.ts'

test.each([
  { name: 'one line', chunks: ['{"a":1}\n'], expected: [{ a: 1 }] },
  { name: 'two lines in one chunk', chunks: ['1\n2\n'], expected: [1, 2] },
  { name: 'a line over three chunks', chunks: ['{"a"', ':', '1}\n'], expected: [{ a: 1 }] },
  { name: 'a line end in a chunk of its own', chunks: ['1', '\n', '2', '\n'], expected: [1, 2] },
  { name: 'an empty line is nothing', chunks: ['\n\n1\n'], expected: [1] },
  { name: 'an unfinished line waits', chunks: ['1\n2'], expected: [1] },
  { name: 'a line end inside a string is escaped', chunks: [encodeLine('a\nb')], expected: ['a\nb'] },
])('$name', ({ chunks, expected }) => {
  const messages: unknown[] = []
  const decode = createLineDecoder(message => messages.push(message))
  for (const chunk of chunks) decode(chunk)
  expect(messages).toEqual(expected)
})

test('a line that is no JSON throws', () => {
  expect(() => createLineDecoder(() => {})('{a}\n')).toThrow(SyntaxError)
})
