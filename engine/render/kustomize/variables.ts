import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { visitFields, type FieldSpec, type Slot } from './field-spec.ts'
import { fieldOf, isFields, isScalar, setField, splitPath, textOf, type Fields } from './fields.ts'
import { allIds, checkCopy, type Resource } from './resource.ts'
import { isClusterScoped, parseApiVersion, sameGvkAndName, sameId, type ResourceId } from './resource-id.ts'

/** An entry of `vars`. */
export interface Variable {
  readonly name: string
  readonly target: ResourceId
  readonly fieldPath: string
  readonly origin: Origin
}

export function readVariable(written: Fields, origin: Origin): Variable {
  const [name, reference] = [textOf(written, 'name'), fieldOf(written, 'objref')]
  const apiVersion = textOf(reference, 'apiVersion')
  const type =
    apiVersion === ''
      ? { group: textOf(reference, 'group'), version: textOf(reference, 'version') }
      : parseApiVersion(apiVersion)
  const target = {
    ...type,
    kind: textOf(reference, 'kind'),
    name: textOf(reference, 'name'),
    namespace: textOf(reference, 'namespace'),
  }
  if (name === '' || target.kind === '' || target.name === '') {
    throw new RenderFailure('a variable needs a name, and objref a kind and a name', { origin })
  }
  return { name, target, fieldPath: textOf(fieldOf(written, 'fieldref'), 'fieldpath') || 'metadata.name', origin }
}

/** Notes on the resources which variables take their values from them; that outlives a change of their names. */
export function noteVariables(resources: readonly Resource[], variables: readonly Variable[]): void {
  for (const { name, target, origin } of variables) {
    const exact = target.namespace !== '' || isClusterScoped(target)
    const matches = resources.filter(each => allIds(each).some(id => (exact ? sameId : sameGvkAndName)(id, target)))
    const [resource, second] = matches
    if (second !== undefined) {
      throw new RenderFailure(`${matches.length} resources could be what the variable ${name} means`, {
        origin,
        remedy: 'name its namespace too',
      })
    }
    if (resource !== undefined) resource.vars = [...resource.vars, name]
  }
}

/** Joins the variables of two kustomizations. */
export function joinVariables(known: readonly Variable[], more: readonly Variable[]): Variable[] {
  for (const { name, origin } of more) {
    const other = known.find(each => each.name === name)
    if (other !== undefined) {
      throw new RenderFailure(
        `the variable ${name} is declared twice, first at ${other.origin.file}:${other.origin.line}`,
        { origin, remedy: 'rename one' },
      )
    }
  }
  return [...known, ...more]
}

export interface Substitution {
  readonly variables: readonly Variable[]
  readonly fieldSpecs: readonly FieldSpec[]
}

/** Puts the variables' values in place of `$(NAME)`. */
export function substitute(resources: readonly Resource[], { variables, fieldSpecs }: Substitution): void {
  if (variables.length === 0) return
  const values = new Map(variables.map(variable => [variable.name, valueOf(variable, resources)]))
  for (const { object } of resources) {
    for (const spec of fieldSpecs) visitFields(object, { spec, visit: slot => replaceIn(slot, { values, spec }) })
  }
}

type Value = string | number | boolean

function valueOf({ name, fieldPath, origin }: Variable, resources: readonly Resource[]): Value {
  const resource = resources.find(each => each.vars.includes(name))
  if (resource === undefined) {
    throw new RenderFailure(`nothing is what the variable ${name} means`, {
      origin,
      remedy: 'check the apiVersion, kind and name of its objref',
    })
  }
  checkCopy(resource, { path: fieldPath, origin })
  let value: unknown = resource.object
  for (const step of splitPath(fieldPath.replace(/\[(\d+)\]/g, '.$1'), '.')) {
    value = Array.isArray(value) ? value[Number(step)] : fieldOf(value, step)
  }
  if (isScalar(value) && value !== null) return value
  throw new RenderFailure(`the variable ${name} has no value: ${fieldPath} is nothing, a list or a mapping`, {
    origin,
  })
}

interface Replacing {
  readonly values: ReadonlyMap<string, Value>
  readonly spec: FieldSpec
}

function replaceIn(slot: Slot, { values }: Replacing): void {
  const { value } = slot
  if (typeof value === 'string') {
    slot.write(expand(value, values))
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) if (typeof item === 'string') value[index] = expand(item, values)
  } else if (isFields(value)) {
    for (const [name, each] of Object.entries(value)) {
      if (typeof each === 'string') setField(value, { name, value: expand(each, values) })
    }
  }
}

/** `$(NAME)` alone takes the value with its type; `$$` is a dollar sign. */
function expand(text: string, values: ReadonlyMap<string, Value>): Value {
  const whole = /^\$\(([^)]*)\)$/.exec(text)
  const value = values.get(whole?.[1] ?? '')
  if (value !== undefined) return value
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (written, name: string | undefined) =>
    name === undefined ? '$' : String(values.get(name) ?? written),
  )
}
