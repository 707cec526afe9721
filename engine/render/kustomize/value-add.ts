import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, isFields, isScalar, splitPath, textOf, type Fields } from './fields.ts'
import { moveOne } from './names.ts'
import { likeType, slotsAt } from './replacements.ts'
import type { Resource } from './resource.ts'
import { selectResources } from './selector.ts'

export interface ValueAdd {
  readonly value: string
  readonly targets: readonly Fields[]
  readonly origin: Origin
}

/** Kustomize's ValueAddTransformer: writes a value at a place, or inserts it as one part of the path that stands there. */
export function addValue(resources: readonly Resource[], { value, targets, origin }: ValueAdd): void {
  for (const target of targets) {
    const selector = fieldOf(target, 'selector')
    const path = textOf(target, 'fieldPath')
    const position = Number(fieldOf(target, 'filePathPosition') ?? 0)
    if (path === '' || position < 0) {
      const message = path === '' ? 'a target needs a fieldPath' : 'filePathPosition must be 0 or more'
      throw new RenderFailure(message, { origin, remedy: 'correct the target' })
    }
    const selected = isFields(selector) ? selectResources(resources, { selector, origin }) : resources
    for (const resource of selected) {
      if (path === 'metadata/namespace') moveOne(resource, { namespace: value, fieldSpecs: [] })
      else write(resource, { path, position, value, origin })
    }
  }
}

interface Write {
  readonly path: string
  readonly position: number
  readonly value: string
  readonly origin: Origin
}

function write({ object }: Resource, { path, position, value, origin }: Write): void {
  const slots = slotsAt(object, { steps: splitPath(path, '/'), make: 'scalar' })
  if (slots.length === 0 || slots.some(slot => !isScalar(slot.value))) {
    const message = `${path} does not lead to a single value of the ${textOf(object, 'kind')}`
    throw new RenderFailure(message, { origin, remedy: 'correct the fieldPath, or select fewer resources' })
  }
  for (const slot of slots) {
    const own = isScalar(slot.value) ? slot.value : null
    slot.write(likeType(position === 0 ? value : inserted(String(own ?? ''), { position, value }), own))
  }
}

/** `/a/b` with `c` at 2 is `/a/c/b`. */
function inserted(path: string, { position, value }: { position: number; value: string }): string {
  const parts = path.split('/').filter(Boolean)
  return `${path.startsWith('/') ? '/' : ''}${parts.toSpliced(position - 1, 0, value).join('/')}`
}
