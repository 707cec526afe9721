import { apiVersionOf, resourceOf, resources } from './registry.ts'
import { modelOf, plainName } from './schema.ts'
import { type KindSupport, fieldGaps, foreignKinds, supportOf, volumeSources } from './support.ts'
import { models } from './generated/kubernetes.ts'

/** What Gantry supports, as Markdown: from the tables that `checkObject` itself goes by. */
export function supportTable(): string {
  return [
    '| kinds | what Gantry does |',
    '| --- | --- |',
    ...kindRows(),
    ...Object.entries(foreignKinds).map(([kind, support]) => `| ${kind.replace('.', ' (`')}\`) | ${deed(support)} |`),
    '| every other kind of Kubernetes, and other custom resources | keeps it, with the warning "not acted on" |',
    '',
    'A commit with a kind that is refused is rejected, unless the object carries the annotation `gantry.dev/ignore: "true"`.',
    'Fields of the kinds that run:',
    '',
    '| in | honoured | warned about, without effect | refused |',
    '| --- | --- | --- | --- |',
    ...Object.keys(fieldGaps).map(fieldRow),
    volumeRow(),
    '',
  ].join('\n')
}

const order: readonly KindSupport['disposition'][] = ['run', 'refused', 'kept']

/** A row for each thing that Gantry does, with the kinds to which it does it; what runs first. */
function kindRows(): string[] {
  const names = new Map<string, string[]>()
  const known = [...new Set(resources.map(resource => resource.kindKey))].flatMap(kind => resourceOf(kind) ?? [])
  for (const disposition of order) {
    for (const resource of known) {
      const support = supportOf(resource.kindKey)
      if (support.disposition !== disposition || (disposition === 'kept' && support.effect === undefined)) continue
      const text = deed(support)
      names.set(text, [...(names.get(text) ?? []), `${resource.kind} (\`${apiVersionOf(resource)}\`)`])
    }
  }
  return [...names].map(([text, kinds]) => `| ${kinds.join(', ')} | ${text} |`)
}

function deed({ disposition, effect }: KindSupport): string {
  if (disposition === 'run') return 'runs it'
  return disposition === 'kept' ? `keeps it: ${effect}` : `refuses it: ${effect}`
}

function fieldRow(model: string): string {
  const gaps = fieldGaps[model] ?? {}
  const full = Object.keys(models).find(name => plainName(name) === model) ?? model
  const honoured = [...modelOf(full).fields.keys()].filter(field => !Object.hasOwn(gaps, field))
  const warned = Object.keys(gaps).filter(field => gaps[field]?.refused !== true)
  const refused = Object.keys(gaps).filter(field => gaps[field]?.refused === true)
  return row(model, { honoured, warned, refused })
}

function volumeRow(): string {
  const sources = [...modelOf('V1Volume').fields.keys()].filter(field => field !== 'name')
  const honoured = sources.filter(source => volumeSources.has(source))
  return row('Volume', { honoured, warned: [], refused: sources.filter(source => !volumeSources.has(source)) })
}

function row(
  name: string,
  { honoured, warned, refused }: Record<'honoured' | 'warned' | 'refused', readonly string[]>,
): string {
  const cells = [honoured, warned, refused].map(fields => fields.map(field => `\`${field}\``).join(', '))
  return `| ${name} | ${cells.join(' | ')} |`
}
