import { expect, test } from 'vitest'
import { parseLabels, parseTaints } from './flags.ts'

test('labels', () => {
  const flags = ['zone=a', 'topology.kubernetes.io/zone=eu-1', 'empty=']
  expect(parseLabels(flags)).toEqual({ zone: 'a', 'topology.kubernetes.io/zone': 'eu-1', empty: '' })
})

test('taints', () => {
  expect(parseTaints(['gpu=yes:NoSchedule', 'example.com/gpu:NoExecute', 'gpu=:PreferNoSchedule'])).toEqual([
    { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
    { key: 'example.com/gpu', effect: 'NoExecute' },
    { key: 'gpu', value: '', effect: 'PreferNoSchedule' },
  ])
})

test.each(['zone', 'a=b=c', '=a', 'a=b c', '-a=b'])('no label: %j', flag => {
  expect(() => parseLabels([flag])).toThrow(`--label must be a label, not ${JSON.stringify(flag)}`)
})

test.each(['gpu', 'gpu=yes', 'gpu=yes:Never', ':NoSchedule', 'gpu=a b:NoSchedule'])('no taint: %j', flag => {
  expect(() => parseTaints([flag])).toThrow(`--taint must be a taint, not ${JSON.stringify(flag)}`)
})
