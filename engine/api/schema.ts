import { type Constraint, alsoRequired, constraints } from './constraints.ts'
import { gantryModels } from './gantry-models.ts'
import { models as kubernetesModels } from './generated/kubernetes.ts'
import type { ModelTable } from './model-table.ts'
import { type ScalarType, isScalar } from './scalars.ts'
import { type FieldGap, fieldGaps } from './support.ts'

/** What a value may look like: the generated table, read. */
export type Shape =
  | { readonly kind: 'scalar'; readonly type: ScalarType }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'model'; readonly name: string }
  | { readonly kind: 'any' }

export interface Field {
  readonly shape: Shape
  readonly required: boolean
  readonly constraint: Constraint | undefined
  /** Why it is not honoured, where it is not. */
  readonly gap: FieldGap | undefined
}

export interface Model {
  readonly fields: ReadonlyMap<string, Field>
  readonly required: readonly string[]
}

const models: ModelTable = { ...kubernetesModels, ...gantryModels }
const compiled = new Map<string, Model>()

/** The fields of a model, by name. Compiled when first asked for: most commits use few of the 600. */
export function modelOf(name: string): Model {
  const before = compiled.get(name)
  if (before) return before
  const fields = new Map(
    Object.entries(models[name] ?? {}).map(([field, text]) => [field, fieldOf(name, { field, text })]),
  )
  const model = { fields, required: [...fields.keys()].filter(field => fields.get(field)?.required) }
  compiled.set(name, model)
  return model
}

function fieldOf(model: string, { field, text }: { field: string; text: string }): Field {
  const plain = plainName(model)
  const place = `${plain}.${field}`
  return {
    shape: shapeOf(text.replace('!', '')),
    required: text.endsWith('!') || alsoRequired.has(place),
    constraint: constraints[place],
    gap: fieldGaps[plain]?.[field],
  }
}

function shapeOf(text: string): Shape {
  if (text.endsWith('[]')) return { kind: 'list', of: shapeOf(text.slice(0, -2)) }
  if (text.endsWith('{}')) return { kind: 'map', of: shapeOf(text.slice(0, -2)) }
  if (text === 'any') return { kind: 'any' }
  if (isScalar(text)) return { kind: 'scalar', type: text }
  return Object.hasOwn(models, text) ? { kind: 'model', name: text } : { kind: 'any' }
}

/** `V1Container` → `Container`, `CoreV1EventSeries` → `EventSeries`: the name without its group and version. */
export function plainName(model: string): string {
  return model.replace(/^[A-Za-z]*?V\d+((alpha|beta)\d+)?(?=[A-Z])/, '')
}

/** `containers[].env`: where below a model the nearest field of a name stands; undefined where there is none. */
export function findBelow(model: string, field: string): string | undefined {
  const seen = new Set([model])
  // Breadth first, so that the nearest is found; the list grows while it is walked.
  const waiting = [{ name: model, path: '' }]
  for (const { name, path } of waiting) {
    const { fields } = modelOf(name)
    if (fields.has(field)) return `${path}${field}`
    for (const [key, { shape }] of fields) {
      const inner = modelIn(shape)
      if (key === 'status' || !inner || seen.has(inner.name)) continue
      seen.add(inner.name)
      waiting.push({ name: inner.name, path: `${path}${key}${inner.suffix}.` })
    }
  }
  return undefined
}

function modelIn(shape: Shape): { readonly name: string; readonly suffix: string } | undefined {
  if (shape.kind === 'model') return { name: shape.name, suffix: '' }
  return shape.kind === 'list' && shape.of.kind === 'model' ? { name: shape.of.name, suffix: '[]' } : undefined
}
