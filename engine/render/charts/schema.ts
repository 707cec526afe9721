import { Ajv, type ErrorObject } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Problem } from '../../api/problem.ts'
import { canonicalJson } from '../../api/stable.ts'
import { fieldText, type FieldPath } from '../../api/report.ts'
import { fieldOf, type Fields } from '../kustomize/fields.ts'
import { Remembered } from '../remembered.ts'
import type { ValuedChart } from './values.ts'
import { readFieldsFile } from './yaml-document.ts'

const mostProblems = 20

/** What the chart's `values.schema.json` says against its values, each at the place where the user wrote the value. */
export function schemaProblems({ chart, values, find }: ValuedChart): Problem[] {
  if (chart.schema === undefined) return []
  const { bytes, file } = chart.schema
  const { fields: schema, place } = readFieldsFile(bytes, file)
  const validate = compiled.get(canonicalJson(schema), () => compile(schema))
  if ('mistake' in validate) {
    const message = `the schema cannot be read: ${validate.mistake}`
    return [{ ...place([]), severity: 'error', message, remedy: 'correct the schema' }]
  }
  return validate
    .check(values)
    .slice(0, mostProblems)
    .map((error): Problem => {
      const path = pathOf(error.instancePath, values)
      const named = namedPath(error, path)
      const where = placeOf(named, find) ?? chart.defaults.place([])
      return {
        ...where,
        severity: 'error',
        message: `${fieldText(['Values', ...path])} ${wordsOf(error)}`,
        remedy: remedyFor(error),
      }
    })
}

type Check = (values: unknown) => readonly ErrorObject[]
type Compiled = { readonly check: Check } | { readonly mistake: string }

/** Compiling takes far longer than checking. */
const compiled = new Remembered<Compiled>({ mostBytes: 32 << 20, bytesOf: text => bytesOfValidator + text.length * 50 })
const bytesOfValidator = 1 << 20

/** A reference to another document is refused by the validator: nothing is fetched. */
function compile({ $schema, ...schema }: Fields): Compiled {
  const options = { strict: false, allErrors: true, validateFormats: false, logger: false } as const
  const draft = String($schema ?? '')
  const validator = draft.includes('2020-12')
    ? new Ajv2020(options)
    : draft.includes('2019-09')
      ? new Ajv2019(options)
      : new Ajv(options)
  try {
    const validate = validator.compile(schema)
    return { check: values => (validate(values) ? [] : [...(validate.errors ?? [])]) }
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error) }
  }
}

/** `/ports/0/name` → ports, 0, name. */
function pathOf(pointer: string, values: unknown): FieldPath {
  let at = values
  return pointer
    .split('/')
    .slice(1)
    .map(part => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(at) ? Number(name) : name
      at = Array.isArray(at) ? at[Number(name)] : fieldOf(at, name)
      return step
    })
}

/** A field that should not be there stands itself at fault. */
function namedPath({ params }: ErrorObject, path: FieldPath): FieldPath {
  const extra: unknown = fieldOf(params, 'additionalProperty')
  return typeof extra === 'string' ? [...path, extra] : path
}

/** A value that is missing is placed at what should hold it. */
function placeOf(path: FieldPath, find: ValuedChart['find']): ReturnType<ValuedChart['find']> {
  for (let length = path.length; length >= 0; length--) {
    const place = find(path.slice(0, length))
    if (place !== undefined) return place
  }
  return undefined
}

function wordsOf({ message = 'is not what the schema asks for', params, keyword }: ErrorObject): string {
  const allowed: unknown = fieldOf(params, 'allowedValues')
  if (keyword === 'enum' && Array.isArray(allowed))
    return `must be one of ${allowed.map(each => JSON.stringify(each)).join(', ')}`
  const extra: unknown = fieldOf(params, 'additionalProperty')
  return typeof extra === 'string' ? `has a field that the chart does not know: ${extra}` : message
}

function remedyFor({ keyword, params }: ErrorObject): string {
  const missing: unknown = fieldOf(params, 'missingProperty')
  if (typeof missing === 'string') return `add ${missing}`
  return keyword === 'additionalProperties' ? 'remove it, or correct its name' : 'correct the value'
}
