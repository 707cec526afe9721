import { readDocuments } from './document.ts'
import { RenderFailure } from '../failure.ts'
import type { FieldSpec } from './field-spec.ts'
import { defaultFieldSpecs } from './field-specs.ts'
import { fieldOf, isFields, type Fields } from './fields.ts'
import { defaultNameReferences, type NameReference } from './name-references.ts'
import { isSelected } from './resource-id.ts'
import { shaped, type Shape } from './shape.ts'

/** Where the transformers write, and which fields refer to which kinds. */
export interface Configuration extends Readonly<Record<keyof typeof defaultFieldSpecs, readonly FieldSpec[]>> {
  readonly nameReference: readonly NameReference[]
}

export const defaultConfiguration: Configuration = { ...defaultFieldSpecs, nameReference: defaultNameReferences }

const specs: Shape = {
  list: {
    fields: {
      path: 'text',
      group: 'text',
      version: 'text',
      kind: 'text',
      create: 'boolean',
    },
  },
}
const names = Object.keys(defaultFieldSpecs) as readonly (keyof typeof defaultFieldSpecs)[]
const shape: Shape = {
  fields: {
    ...Object.fromEntries(names.map(name => [name, specs])),
    nameReference: { list: { fields: { group: 'text', version: 'text', kind: 'text', fieldSpecs: specs } } },
  },
}

/** A file of `configurations`. */
export function readConfiguration(bytes: Uint8Array, file: string): Configuration {
  const [document] = readDocuments(bytes, { file, lastKeyCounts: true })
  const written: Fields = document === undefined ? {} : shaped(document, shape)
  const listed = (name: string): unknown[] => {
    const value = fieldOf(written, name)
    return Array.isArray(value) ? value : []
  }
  const fieldSpecsOf = (values: readonly unknown[]): FieldSpec[] =>
    values.filter(isFields).map(each => {
      if (typeof each['path'] === 'string') return { ...each, path: each['path'] }
      throw new RenderFailure('a field needs a path', { origin: { file, line: 0, column: 0 } })
    })
  return {
    ...eachName(name => fieldSpecsOf(listed(name))),
    nameReference: listed('nameReference')
      .filter(isFields)
      .map(({ fieldSpecs, ...type }) => ({
        ...type,
        fieldSpecs: fieldSpecsOf(Array.isArray(fieldSpecs) ? fieldSpecs : []),
      })),
  }
}

/** Nothing is known yet. */
export const emptyConfiguration: Configuration = { ...eachName(() => []), nameReference: [] }

const joined = new WeakMap<Configuration, WeakMap<Configuration, Configuration>>()

/** Two configurations as one; what both say counts once. Nearly every build joins the default ones: that is done once. */
export function joinConfigurations(first: Configuration, second: Configuration): Configuration {
  const known = joined.get(first) ?? new WeakMap<Configuration, Configuration>()
  joined.set(first, known)
  const both = known.get(second) ?? join(first, second)
  known.set(second, both)
  return both
}

function join(first: Configuration, second: Configuration): Configuration {
  return {
    ...eachName(name => joinFieldSpecs(first[name], second[name])),
    nameReference: second.nameReference.reduce(joinReference, first.nameReference),
  }
}

type Specs = Omit<Configuration, 'nameReference'>

function eachName(specsOf: (name: keyof Specs) => readonly FieldSpec[]): Specs {
  return Object.fromEntries(names.map(name => [name, specsOf(name)])) as Record<keyof Specs, readonly FieldSpec[]>
}

function joinReference(known: readonly NameReference[], more: NameReference): readonly NameReference[] {
  const index = known.findIndex(each => sameType(each, more))
  const same = known[index]
  if (same === undefined) return [...known, more]
  return known.with(index, { ...same, fieldSpecs: joinFieldSpecs(same.fieldSpecs, more.fieldSpecs) })
}

/** A field that is known for some kind is not added for more kinds: so Kustomize has it. */
export function joinFieldSpecs(known: readonly FieldSpec[], more: readonly FieldSpec[]): readonly FieldSpec[] {
  const joined = [...known]
  for (const each of more) {
    const there = joined.some(
      ({ path, group = '', version = '', kind = '' }) =>
        path === each.path && isSelected({ group, version, kind }, each),
    )
    if (!there) joined.push(each)
  }
  return joined.length === known.length ? known : joined
}

function sameType(a: Omit<FieldSpec, 'path'>, b: Omit<FieldSpec, 'path'>): boolean {
  return (['group', 'version', 'kind'] as const).every(part => (a[part] ?? '') === (b[part] ?? ''))
}
