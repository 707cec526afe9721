import { expect, test } from 'vitest'
import { parseQuestion } from './pre-receive-hook.ts'

const update = `${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/main`

test.each([
  { name: 'nothing yet', text: '', question: undefined },
  { name: 'half a line', text: '/q\n0000', question: undefined },
  { name: 'no end of the options', text: `/q\n${update}\n\none\n`, question: undefined },
  { name: 'half of the end', text: `/q\n${update}\n\none`, question: undefined },
  {
    name: 'without options',
    text: `/q\n${update}\n\n\n`,
    question: { quarantine: '/q', updates: [update], pushOptions: [] },
  },
  {
    name: 'with options, which cannot pose as updates',
    text: `/q\n${update}\n\none\n${update}\n\n`,
    question: { quarantine: '/q', updates: [update], pushOptions: ['one', update] },
  },
  {
    name: 'a deletion, which has no quarantine',
    text: `\n${update}\n\n\n`,
    question: { quarantine: '', updates: [update], pushOptions: [] },
  },
])('$name', ({ text, question }) => expect(parseQuestion(text)).toEqual(question))
