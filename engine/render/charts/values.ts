import { RenderFailure } from '../failure.ts'
import type { Origin } from '../../api/problem.ts'
import type { FieldPath } from '../../api/report.ts'
import { fieldOf, isFields, setField, type Fields } from '../kustomize/fields.ts'
import type { Chart, Part } from './chart.ts'
import type { ValuesKnowledge } from './documents.ts'
import { overlay, withoutNulls } from './overlay.ts'
import type { ValuesLayer } from './release.ts'

/** A chart of a release with the values that it gets. */
export interface ValuedChart extends ValuesKnowledge {
  readonly chart: Chart
  readonly alias: string
  readonly values: Fields
  /** Those that are switched on. */
  readonly parts: readonly ValuedChart[]
}

/** Gives a chart and its parts their values, as Helm does: a later layer counts, null takes a default away. */
export function valueChart(chart: Chart, layers: readonly ValuesLayer[]): ValuedChart {
  const given = layers.reduce<Fields>((merged, { values }) => overlay(merged, values), {})
  const find = (path: FieldPath): Origin | undefined => layers.findLast(({ values }) => isIn(values, path))?.place(path)
  const isSecret = (path: FieldPath): boolean => layers.some(({ secret, values }) => secret && isIn(values, path))
  const hasSecrets = layers.some(({ secret }) => secret)
  return valued({ chart, alias: chart.file.name, dependency: undefined }, { given, find, isSecret, hasSecrets })
}

interface Given extends ValuesKnowledge {
  readonly given: Fields
}

function valued({ chart, alias }: Part, { given, find, isSecret, hasSecrets }: Given): ValuedChart {
  const { defaults, parts } = chart
  const merged = overlay(defaults.fields, given)
  const candidates = parts.map(part => ({
    part,
    chart: valued(part, givenTo(part, { given: merged, find, isSecret, hasSecrets, chart })),
  }))
  const whole: Fields = { ...merged }
  for (const { part, chart } of candidates) setField(whole, { name: part.alias, value: chart.values })
  const enabled = candidates.filter(({ part }) => isEnabled(part, whole))
  for (const { part } of candidates) {
    if (!enabled.some(each => each.part === part))
      setField(whole, { name: part.alias, value: fieldOf(merged, part.alias) ?? {} })
  }
  const imported = enabled.reduce<Fields>(
    (values, { part, chart }) => overlay(values, importsOf(part, chart.values)),
    {},
  )
  return {
    chart,
    alias,
    values: withoutNulls(overlay(imported, whole), defaults.fields),
    parts: enabled.map(each => each.chart),
    find: path => find(path) ?? (isIn(defaults.fields, path) ? defaults.place(path) : undefined),
    isSecret,
    hasSecrets,
  }
}

/** A part gets what its parent has under its name, and the parent's globals. */
function givenTo(
  { alias, dependency }: Part,
  { given, find, isSecret, hasSecrets, chart }: Given & { readonly chart: Chart },
): Given {
  const own = fieldOf(given, alias) ?? {}
  if (!isFields(own)) {
    throw new RenderFailure(`Values.${alias} holds the values of the chart ${alias}, so it must be a mapping`, {
      origin: find([alias]) ?? dependency?.origin ?? chart.file.place([]),
      remedy: 'nest them one level deeper',
    })
  }
  const [above, global] = [fieldOf(given, 'global'), fieldOf(own, 'global')]
  const globals = overlay(isFields(global) ? global : {}, isFields(above) ? above : {})
  const parentDefaults = chart.defaults
  const prefixed = (path: FieldPath): FieldPath =>
    path[0] === 'global' && isIn(globals, path.slice(1)) ? path : [alias, ...path]
  return {
    given: Object.keys(globals).length === 0 ? own : { ...own, global: globals },
    find: path => {
      const at = prefixed(path)
      return find(at) ?? (isIn(parentDefaults.fields, at) ? parentDefaults.place(at) : undefined)
    },
    isSecret: path => isSecret(prefixed(path)) || isSecret([alias, ...path]),
    hasSecrets,
  }
}

/** A condition that is there decides; otherwise tags do, of which one that is on is enough. */
function isEnabled({ dependency }: Part, values: Fields): boolean {
  for (const condition of dependency?.conditions ?? []) {
    const value = valueAt(values, condition.split('.'))
    if (typeof value === 'boolean') return value
  }
  const tags = fieldOf(values, 'tags')
  const switches = (dependency?.tags ?? []).map(tag => fieldOf(tags, tag)).filter(each => typeof each === 'boolean')
  return switches.length === 0 || switches.includes(true)
}

function importsOf({ dependency }: Part, values: Fields): Fields {
  return (dependency?.imports ?? []).reduce<Fields>((imported, { child, parent }) => {
    const found = valueAt(values, child.split('.'))
    if (!isFields(found)) return imported
    const nested =
      parent === '' ? found : parent.split('.').reduceRight<Fields>((value, name) => fieldsOf(name, value), found)
    return overlay(imported, nested)
  }, {})
}

function fieldsOf(name: string, value: unknown): Fields {
  const fields: Fields = {}
  setField(fields, { name, value })
  return fields
}

function valueAt(values: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((value, step) => stepInto(value, step), values)
}

/** Whether a layer says something there. */
function isIn(values: unknown, path: FieldPath): boolean {
  return valueAt(values, path) !== undefined
}

function stepInto(value: unknown, step: string | number): unknown {
  if (typeof step === 'number') return Array.isArray(value) ? (value[step] as unknown) : undefined
  return fieldOf(value, step)
}
