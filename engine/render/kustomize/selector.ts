import type { Origin } from '../../api/problem.ts'
import { matchesSelector, parseLabelSelector } from '../../api/selector.ts'
import { RenderFailure } from '../failure.ts'
import { textOf, type Fields } from './fields.ts'
import { annotationsOf, currentId, gvkOf, labelsOf, originalId, type Resource } from './resource.ts'
import { effectiveNamespace } from './resource-id.ts'

/** Which resources a patch is for: each part a regular expression for the whole word, an empty one for any. */
export function selectResources(
  resources: readonly Resource[],
  { selector, origin }: { readonly selector: Fields; readonly origin: Origin },
): Resource[] {
  const part = (name: string): ((text: string) => boolean) => pattern(textOf(selector, name), { name, origin })
  const [group, version, kind] = [part('group'), part('version'), part('kind')]
  const [name, namespace] = [part('name'), part('namespace')]
  const labels = labelMatcher(textOf(selector, 'labelSelector'), origin)
  const annotations = labelMatcher(textOf(selector, 'annotationSelector'), origin)
  return resources.filter(resource => {
    const ids = [originalId(resource), currentId(resource)]
    const { object } = resource
    const gvk = gvkOf(object)
    return (
      ids.some(id => namespace(effectiveNamespace(id))) &&
      ids.some(id => name(id.name)) &&
      group(gvk.group) &&
      version(gvk.version) &&
      kind(gvk.kind) &&
      labels(labelsOf(object)) &&
      annotations(annotationsOf(object))
    )
  })
}

function pattern(text: string, { name, origin }: { name: string; origin: Origin }): (value: string) => boolean {
  if (text === '') return () => true
  if (/^[\w.-]*$/.test(text) && !text.includes('.')) return value => value === text
  try {
    const expression = new RegExp(`^(?:${text.replace(/^\^/, '').replace(/\$$/, '')})$`, 'u')
    return value => expression.test(value)
  } catch {
    throw new RenderFailure(`target.${name} "${text}" is no regular expression`, { origin, remedy: 'write a name' })
  }
}

function labelMatcher(text: string, origin: Origin): (labels: Record<string, string>) => boolean {
  if (text === '') return () => true
  try {
    const selector = parseLabelSelector(text)
    return labels => matchesSelector(selector, labels)
  } catch (error) {
    throw new RenderFailure(`"${text}" is no label selector: ${error instanceof Error ? error.message : ''}`, {
      origin,
      remedy: 'write name=value pairs, separated by commas',
    })
  }
}
