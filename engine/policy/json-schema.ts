import { Ajv, type ErrorObject } from 'ajv'
import { fieldText, type FieldPath } from '../api/report.ts'
import type { Judge, Violation } from './violation.ts'

/** As many as anybody reads of one object. */
const mostViolations = 20

/** Judges by a JSON Schema, draft 7. Throws an Error that says what is wrong with the schema. */
export function schemaJudge(schema: unknown): Judge {
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null)) {
    throw new RangeError('it is no JSON Schema, which is a mapping')
  }
  const ajv = new Ajv({ allErrors: true, ownProperties: true, strictTypes: false, strictTuples: false, logger: false })
  const validate = ajv.compile(schema)
  return ({ object }) => {
    if (validate(object)) return []
    // That the outer word failed follows from what failed inside it.
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if')
    return errors.slice(0, mostViolations).map(error => violationOf(error, object))
  }
}

function violationOf(error: ErrorObject, object: unknown): Violation {
  const path = pathOf(error.instancePath, object)
  return { path, message: `${path.length === 0 ? 'the manifest' : fieldText(path)} ${wordsOf(error)}` }
}

function wordsOf({ keyword, params, message = 'breaks the schema' }: ErrorObject): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${list(params['allowedValues'])}`
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`
    case 'additionalProperties':
      return `must not have the field ${String(params['additionalProperty'])}`
    case 'required':
      return `must have the field ${String(params['missingProperty'])}`
    default:
      return message
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map(value => JSON.stringify(value)).join(', ') : String(values)
}

/** A JSON pointer as a path: only the object tells a position in a list from a name. */
function pathOf(pointer: string, object: unknown): FieldPath {
  const path: (string | number)[] = []
  let at = object
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const step = Array.isArray(at) ? Number(name) : name
    path.push(step)
    at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined
  }
  return path
}
