import { isDnsLabel } from '../names.ts'
import { show } from '../report.ts'
import type { Release } from '../types.ts'
import { type At, expectOne, expectUnique, inside } from './rule.ts'

/** Which fields a chart has beside the one that says where it comes from. */
const beside: Readonly<Record<string, readonly string[]>> = {
  path: [],
  repository: ['name', 'version'],
  oci: ['version'],
}

export function checkRelease({ metadata, spec }: Release, at: At): void {
  const here = inside(at, 'spec')
  checkChart(spec.chart, inside(here, 'chart'))
  if (spec.releaseName === metadata.name && (metadata.name.length > 53 || !isDnsLabel(metadata.name))) {
    at.report.error(
      [...at.path, 'metadata', 'name'],
      `gives the release its name, of up to 53 lower-case letters, digits and hyphens, not ${show(metadata.name)}`,
      { remedy: 'write spec.releaseName, or a shorter name' },
    )
  }
  for (const [i, source] of (spec.valuesFrom ?? []).entries()) checkSource(source, inside(here, 'valuesFrom', i))
  const dependsOn = spec.dependsOn ?? []
  expectUnique(dependsOn, {
    at: inside(here, 'dependsOn'),
    field: 'name',
    key: ({ name, namespace }) => `${namespace}/${name}`,
    what: 'dependency',
  })
  const self = dependsOn.findIndex(({ name, namespace }) => name === metadata.name && namespace === metadata.namespace)
  if (self >= 0) {
    at.report.error([...here.path, 'dependsOn', self, 'name'], 'must not be the Release itself', {
      remedy: 'remove it',
    })
  }
}

function checkChart(chart: object, at: At): void {
  expectOne(chart, { at, fields: Object.keys(beside), what: 'the place of the chart' })
  const from = Object.keys(beside).find(field => Object.hasOwn(chart, field))
  if (from !== undefined) expectBeside(chart, { at, from, wanted: beside[from] ?? [], known: ['name', 'version'] })
}

function checkSource(source: object, at: At): void {
  expectOne(source, { at, fields: ['file', 'kind'], what: 'the place of the values' })
  const from = Object.hasOwn(source, 'kind') ? 'kind' : 'file'
  if (!Object.hasOwn(source, from)) return
  expectBeside(source, { at, from, wanted: from === 'kind' ? ['name'] : [], known: ['name'] })
  if (from === 'file' && Object.hasOwn(source, 'valuesKey')) {
    at.report.error([...at.path, 'valuesKey'], 'must not stand beside file, which is read whole', {
      target: 'key',
      remedy: 'remove it',
    })
  }
}

/** Asks for the fields that one choice needs, and refuses those of another choice. */
function expectBeside(
  value: object,
  { at, from, wanted, known }: { at: At; from: string; wanted: readonly string[]; known: readonly string[] },
): void {
  for (const field of known) {
    const has = Object.hasOwn(value, field)
    if (wanted.includes(field) && !has) {
      at.report.error([...at.path, field], `is required beside ${from}`, { remedy: `add ${field}` })
    } else if (!wanted.includes(field) && has) {
      at.report.error([...at.path, field], `must not stand beside ${from}`, { target: 'key', remedy: 'remove it' })
    }
  }
}
