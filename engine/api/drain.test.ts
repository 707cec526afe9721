import { expect, test } from 'vitest'
import { type DrainOptions, formatDrain, parseDrain } from './drain.ts'

const plain: DrainOptions = { force: false, deleteEmptydirData: false }

test.each<{ text: string; options: DrainOptions | undefined; written?: string }>([
  { text: 'true', options: plain },
  { text: 'force', options: { ...plain, force: true } },
  { text: 'delete-emptydir-data', options: { ...plain, deleteEmptydirData: true } },
  { text: 'grace-period=0', options: { ...plain, gracePeriodSeconds: 0 } },
  {
    text: 'grace-period=5, force',
    options: { ...plain, force: true, gracePeriodSeconds: 5 },
    written: 'force,grace-period=5',
  },
  { text: 'false', options: undefined },
  { text: '', options: undefined },
  { text: 'grace-period=-1', options: undefined },
  { text: 'true,force', options: undefined },
])('"$text"', ({ text, options, written }) => {
  expect(parseDrain(text)).toEqual(options)
  if (options !== undefined) expect(formatDrain(options)).toBe(written ?? text)
})
