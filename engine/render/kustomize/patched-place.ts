import type { Origin } from '../../api/problem.ts'
import type { FieldPath, Locate } from '../../api/report.ts'
import type { SourceDocument } from './document.ts'
import { cloned, fieldOf, isFields, type Fields } from './fields.ts'
import { stepsOf, type Operation } from './json-patch.ts'
import type { Resource } from './resource.ts'

/** Where the fields of a resource are written that patches may have moved within their lists. */
export function placeBeforePatches(resource: Resource): Locate {
  const { place } = resource
  const written = cloned(resource.object)
  return (path, target) => place(follow(written, { path, final: resource.object })?.path ?? path, target)
}

/** Where the fields of a resource are written after a merge patch: in the patch, as far as that is where they come from. */
export function placeAfterMerge(
  resource: Resource,
  { before, patch, place }: { before: Fields; patch: Fields; place: SourceDocument['place'] },
): Locate {
  const earlier = resource.place
  return (path, target) => {
    const written = follow(patch, { path, final: resource.object })
    if (written === undefined) return earlier(path, target)
    const isWhole = typeof written.value === 'object' && written.value !== null
    // Of a mapping that was there already the patch wrote a part, and not the part in question.
    const isOlder = isWhole && follow(before, { path, final: resource.object }) !== undefined
    return isOlder ? earlier(path, target) : place(written.path, target)
  }
}

/** The same after operations of a JSON patch that were just applied: the last one that wrote there. */
export function placeAfterOperations(
  { place: earlier, object }: Resource,
  { operations, place }: { operations: readonly Operation[]; place: SourceDocument['place'] },
): Locate {
  const written = operations.map(({ op, path }, index) =>
    op === 'test' || op === 'remove' ? undefined : wrote(object, { path, later: operations.slice(index + 1) }),
  )
  return (path, target) => {
    const pointer = `/${path.map(step => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}/`
    const index = written.findLastIndex(at => at !== undefined && pointer.startsWith(`${at}/`))
    return index < 0 ? earlier(path, target) : place([index])
  }
}

/** The same after a change of fields to what one entry of a kustomization says: that entry. */
export function placeAfterChange(resource: Resource, { before, origin }: { before: Fields; origin: Origin }): Locate {
  const { place: earlier } = resource
  const after = cloned(resource.object)
  return (path, target) => {
    const written = follow(after, { path, final: resource.object })
    if (written === undefined) return earlier(path, target)
    const older = follow(before, { path, final: resource.object })
    // Of a mapping that was there already a part was changed, and not the part in question.
    const isWhole = typeof written.value === 'object' && written.value !== null
    const isOlder = isWhole ? older !== undefined : older?.value === written.value
    return isOlder ? earlier(path, target) : origin
  }
}

/** What was put at a list's end stands before what was put there later. */
function wrote(object: Fields, { path, later }: { path: string; later: readonly Operation[] }): string {
  if (!path.endsWith('/-')) return path
  const list = path.slice(0, -'/-'.length)
  const value = stepsOf(list).reduce<unknown>(
    (each, step) => (Array.isArray(each) ? each[Number(step)] : fieldOf(each, step)),
    object,
  )
  const after = later.filter(each => each.path === path).length
  return Array.isArray(value) ? `${list}/${value.length - 1 - after}` : path
}

interface Followed {
  readonly path: FieldPath
  readonly value: unknown
}

/** Where a path of the final object leads to in one that was merged into it; items of lists are told by their keys. */
function follow(value: unknown, { path, final }: { path: FieldPath; final: unknown }): Followed | undefined {
  const [step, ...rest] = path
  if (step === undefined) return { path: [], value }
  const [own, item] = typeof step === 'number' ? itemOf(value, { step, final }) : [step, fieldOf(final, step)]
  const next = own === undefined ? undefined : Array.isArray(value) ? value[Number(own)] : fieldOf(value, String(own))
  if (own === undefined || next === undefined) return undefined
  const inner = follow(next, { path: rest, final: item })
  return inner && { ...inner, path: [own, ...inner.path] }
}

/** What tells the items of Kubernetes's lists apart. */
const keys = ['name', 'containerPort', 'port', 'mountPath', 'devicePath', 'topologyKey', 'ip', 'key']

function itemOf(list: unknown, { step, final }: { step: number; final: unknown }): [number | undefined, unknown] {
  const item: unknown = Array.isArray(final) ? final[step] : undefined
  if (!Array.isArray(list)) return [undefined, item]
  const key = keys.find(name => isFields(item) && fieldOf(item, name) !== undefined)
  const index = list.findIndex(each =>
    key === undefined ? JSON.stringify(each) === JSON.stringify(item) : fieldOf(each, key) === fieldOf(item, key),
  )
  return [index < 0 ? undefined : index, item]
}
