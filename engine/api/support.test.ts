import { expect, test } from 'vitest'
import { alsoRequired, constraints } from './constraints.ts'
import { models } from './generated/kubernetes.ts'
import { gantryModels } from './gantry-models.ts'
import { resourceOf } from './registry.ts'
import { modelOf, plainName } from './schema.ts'
import { fieldGaps, kindSupport, volumeSources } from './support.ts'
import { supportTable } from './support-table.ts'

const places = new Set(
  Object.keys({ ...models, ...gantryModels }).flatMap(name =>
    [...modelOf(name).fields.keys()].map(field => `${plainName(name)}.${field}`),
  ),
)

test('every kind of the table is one', () => {
  expect(Object.keys(kindSupport).filter(kind => !resourceOf(kind))).toEqual([])
})

test('every field of the tables is one of the generated models', () => {
  const gaps = Object.entries(fieldGaps).flatMap(([model, fields]) =>
    Object.keys(fields).map(field => `${model}.${field}`),
  )
  const sources = [...volumeSources].map(source => `Volume.${source}`)
  const named = [...gaps, ...sources, ...Object.keys(constraints), ...alsoRequired]
  expect(named.filter(place => !places.has(place))).toEqual([])
})

test('the table for the README names what runs first', () => {
  expect(supportTable().split('\n')[2]).toMatch(/^\| ConfigMap \(`v1`\), .*Deployment \(`apps\/v1`\).* \| runs it \|$/)
})
