import { nearest } from '../../api/nearest.ts'
import type { Origin, Problem } from '../../api/problem.ts'
import { show, type FieldPath } from '../../api/report.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, isFields, type Fields } from '../kustomize/fields.ts'
import { rangeOf, versionOf } from './version.ts'
import type { FieldsFile } from './yaml-document.ts'

/** What Chart.yaml says, checked. */
export interface ChartFile {
  readonly name: string
  readonly version: string
  readonly isLibrary: boolean
  readonly kubeVersion: string | undefined
  readonly dependencies: readonly Dependency[]
  /** As templates see it: `Chart.Name`, `Chart.AppVersion`. */
  readonly context: Fields
  /** Unknown fields. */
  readonly warnings: readonly Problem[]
  place(path: FieldPath): Origin
}

export interface Dependency {
  readonly name: string
  readonly version: string
  readonly repository: string
  /** The name under which its values stand. */
  readonly alias: string
  /** Paths of values that switch it; the first that is there counts. */
  readonly conditions: readonly string[]
  readonly tags: readonly string[]
  readonly imports: readonly Import[]
  readonly origin: Origin
}

/** Values of a dependency that become its parent's; '' is the root. */
export interface Import {
  readonly child: string
  readonly parent: string
}

type Kind = 'text' | 'boolean' | 'texts' | 'fields' | 'list'

const chartFields: Readonly<Record<string, Kind>> = {
  apiVersion: 'text',
  name: 'text',
  version: 'text',
  kubeVersion: 'text',
  description: 'text',
  type: 'text',
  keywords: 'texts',
  home: 'text',
  sources: 'texts',
  dependencies: 'list',
  maintainers: 'list',
  icon: 'text',
  appVersion: 'text',
  deprecated: 'boolean',
  annotations: 'fields',
}

const dependencyFields: Readonly<Record<string, Kind>> = {
  name: 'text',
  version: 'text',
  repository: 'text',
  condition: 'text',
  tags: 'texts',
  'import-values': 'list',
  alias: 'text',
}

const words: Readonly<Record<Kind, string>> = {
  text: 'text',
  boolean: 'true or false',
  texts: 'a list of texts',
  fields: 'a mapping',
  list: 'a list',
}
const fits: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  texts: value => Array.isArray(value) && value.every(each => typeof each === 'string'),
  fields: isFields,
  list: Array.isArray,
}

/** Checks the fields of Chart.yaml. Throws RenderFailure. */
export function readChartFile({ fields, place }: FieldsFile): ChartFile {
  const warnings = checkFields(fields, { known: chartFields, path: [], place })
  const text = (name: string): string => String(fieldOf(fields, name) ?? '')
  const refuse = (name: string, expected: string, remedy: string): never => {
    const given = text(name)
    const message = given === '' ? `${name} is required` : `${name} must be ${expected}, not ${show(given)}`
    throw new RenderFailure(message, { origin: place(given === '' ? [] : [name]), remedy })
  }
  if (!['v1', 'v2'].includes(text('apiVersion'))) refuse('apiVersion', 'v1 or v2', 'write apiVersion: v2')
  if (!/^[a-zA-Z0-9._-]{1,250}$/.test(text('name'))) refuse('name', 'letters, digits, "-", "_" and "."', 'add name')
  if (versionOf(text('version')) === undefined) refuse('version', 'a version', 'write version: 0.1.0')
  if (!['', 'application', 'library'].includes(text('type'))) {
    refuse('type', 'application or library', 'write type: application')
  }
  if (text('kubeVersion') !== '' && rangeOf(text('kubeVersion')) === undefined) {
    refuse('kubeVersion', 'a range of versions', 'write such as ">=1.25.0-0"')
  }
  const dependencies = listIn(fields, 'dependencies').map((each, index) =>
    readDependency(each, { path: ['dependencies', index], place, warnings }),
  )
  return {
    name: text('name'),
    version: text('version'),
    isLibrary: text('type') === 'library',
    kubeVersion: text('kubeVersion') || undefined,
    dependencies,
    context: Object.fromEntries(
      Object.keys(chartFields).flatMap(name => {
        const value = fieldOf(fields, name)
        return value === undefined ? [] : [[name === 'apiVersion' ? 'APIVersion' : capitalized(name), value]]
      }),
    ),
    warnings,
    place,
  }
}

interface At {
  readonly path: FieldPath
  readonly place: FieldsFile['place']
}

/** A wrong type is an error; an unknown field is a warning, as newer Helm versions add some. */
function checkFields(
  fields: Fields,
  { known, path, place }: At & { readonly known: Readonly<Record<string, Kind>> },
): Problem[] {
  return Object.entries(fields).flatMap(([name, value]): Problem[] => {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    const at = [...path, name]
    if (kind === undefined) {
      const meant = nearest(name, Object.keys(known))
      const remedy = meant === undefined ? 'remove it' : `did you mean ${meant}?`
      return [{ ...place(at, 'key'), severity: 'warning', message: `a chart has no field ${name}`, remedy }]
    }
    if (value === null || fits[kind](value)) return []
    throw new RenderFailure(`${name} must be ${words[kind]}, not ${show(value)}`, {
      origin: place(at),
      ...(kind === 'text' && typeof value !== 'object' ? { remedy: 'quote it' } : {}),
    })
  })
}

function readDependency(value: unknown, { path, place, warnings }: At & { readonly warnings: Problem[] }): Dependency {
  const origin = place(path)
  if (!isFields(value)) throw new RenderFailure('a dependency must be a mapping with a name', { origin })
  warnings.push(...checkFields(value, { known: dependencyFields, path, place }))
  const text = (name: string): string => String(fieldOf(value, name) ?? '')
  if (text('name') === '') throw new RenderFailure('a dependency needs a name', { origin, remedy: 'add name' })
  return {
    name: text('name'),
    version: text('version'),
    repository: text('repository'),
    alias: text('alias') || text('name'),
    conditions: text('condition')
      .split(',')
      .map(each => each.trim())
      .filter(each => each !== ''),
    tags: listIn(value, 'tags').map(String),
    imports: listIn(value, 'import-values').map((each, index) =>
      readImport(each, place([...path, 'import-values', index])),
    ),
    origin,
  }
}

function readImport(value: unknown, origin: Origin): Import {
  if (typeof value === 'string') return { child: `exports.${value}`, parent: '' }
  const [child, parent] = [fieldOf(value, 'child'), fieldOf(value, 'parent')]
  if (typeof child === 'string' && typeof parent === 'string') {
    return { child, parent: parent === '.' ? '' : parent }
  }
  throw new RenderFailure('import-values holds names, or mappings with child and parent', { origin })
}

function listIn(fields: Fields, name: string): readonly unknown[] {
  const value = fieldOf(fields, name)
  return Array.isArray(value) ? value : []
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
