import type { KubeObject } from '../api/types.ts'
import type { Client } from './client.ts'
import { linesOf, RequestError } from './client.ts'
import { CliError, usageError } from './failure.ts'
import type { ServedResource, Wanted } from './resource-names.ts'
import { pathOf, prefixOf, resolveWanted } from './resource-names.ts'
import type { Table } from './table.ts'
import { createTableWriter, tableAccept } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface GetOptions {
  readonly namespace: string
  readonly allNamespaces: boolean
  readonly output?: string
  readonly selector?: string
  readonly fieldSelector?: string
  readonly watch: boolean
}

interface Scope {
  readonly namespace: string | undefined
  readonly query: string
}

export const outputs = ['wide', 'yaml', 'json', 'name'] as const

/** `gantry get`, as `kubectl get`. */
export async function get(
  client: Client,
  args: readonly string[],
  { options, terminal }: { options: GetOptions; terminal: Terminal },
): Promise<void> {
  if (options.output !== undefined && !(outputs as readonly string[]).includes(options.output)) {
    throw usageError(`-o ${options.output} is not an output`, `use one of ${outputs.join(', ')}`)
  }
  const wanted = await resolveWanted(client, args)
  if (options.watch) return watch(client, wanted, { options, terminal })
  if (options.output === undefined || options.output === 'wide')
    return printTables(client, wanted, { options, terminal })

  const objects = await fetchObjects(client, wanted, options)
  if (options.output === 'name') {
    for (const { resource, object } of objects) terminal.write(`${prefixOf(resource)}/${object.metadata.name}\n`)
    return
  }
  const [first] = objects
  const isOne = wanted.length === 1 && wanted[0]?.name !== undefined && first !== undefined
  const items = objects.map(({ object }) => object)
  const document = isOne ? first.object : { apiVersion: 'v1', kind: 'List', items, metadata: { resourceVersion: '' } }
  terminal.write(await serialize(document, options.output))
}

/** Keys in the order of their names and lists without indentation, as kubectl writes them. */
async function serialize(document: object, output: string): Promise<string> {
  if (output === 'json') return `${JSON.stringify(document, sortedKeys, 4)}\n`
  const { writeYaml } = await import('../render/write.ts')
  return writeYaml(document, { sorted: true })
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function scopeOf(options: GetOptions, { resource, name }: Wanted): Scope {
  const query = new URLSearchParams()
  if (options.selector !== undefined) query.set('labelSelector', options.selector)
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector)
  if (name !== undefined && query.size > 0) throw usageError('a name and a selector cannot be given together')
  if (name !== undefined && options.allNamespaces && resource.namespaced) {
    throw usageError('an object cannot be named across all namespaces', 'name its namespace with -n')
  }
  const text = query.toString()
  return { namespace: options.allNamespaces ? undefined : options.namespace, query: text === '' ? '' : `?${text}` }
}

async function fetchObjects(
  client: Client,
  wanted: readonly Wanted[],
  options: GetOptions,
): Promise<{ resource: ServedResource; object: KubeObject }[]> {
  const found: { resource: ServedResource; object: KubeObject }[] = []
  for (const each of wanted) {
    const { resource, name } = each
    const scope = scopeOf(options, each)
    const answer = await client.get<KubeObject & { items?: readonly KubeObject[] }>(
      pathOf(resource, { namespace: scope.namespace, name }) + scope.query,
    )
    const objects = name === undefined ? (answer.items ?? []) : [answer]
    found.push(...objects.map(object => ({ resource, object })))
  }
  return found
}

async function printTables(
  client: Client,
  wanted: readonly Wanted[],
  { options, terminal }: { options: GetOptions; terminal: Terminal },
): Promise<void> {
  const kinds = new Map<ServedResource, Table[]>()
  const missing: RequestError[] = []
  for (const each of wanted) {
    const scope = scopeOf(options, each)
    const path = pathOf(each.resource, { namespace: scope.namespace, name: each.name }) + scope.query
    try {
      const table = await client.get<Table>(path, { accept: tableAccept })
      if (table.rows.length > 0) kinds.set(each.resource, [...(kinds.get(each.resource) ?? []), table])
    } catch (error) {
      // Of several objects, those that exist are shown.
      if (!(error instanceof RequestError) || error.code !== 404 || wanted.length === 1) throw error
      missing.push(error)
    }
  }
  const severalKinds = new Set(wanted.map(({ resource }) => resource)).size > 1
  const texts = [...kinds].map(([resource, tables]) => {
    const write = tableWriter(resource, { options, severalKinds })
    const rows = tables.flatMap(table => table.rows)
    return write({ columnDefinitions: tables[0]?.columnDefinitions ?? [], rows }, { header: true })
  })
  terminal.write(texts.join('\n'))
  if (texts.length === 0 && missing.length === 0) {
    const isNamespaced = wanted.some(({ resource }) => resource.namespaced)
    const place = options.allNamespaces || !isNamespaced ? '' : ` in ${options.namespace} namespace.`
    terminal.note(`No resources found${place}\n`)
  }
  if (missing.length > 0) throw new CliError(missing.map(error => error.message).join('\n'))
}

function tableWriter(
  resource: ServedResource,
  { options, severalKinds }: { options: GetOptions; severalKinds: boolean },
): ReturnType<typeof createTableWriter> {
  return createTableWriter({
    wide: options.output === 'wide',
    withNamespace: options.allNamespaces && resource.namespaced,
    ...(severalKinds ? { prefix: `${prefixOf(resource)}/` } : {}),
  })
}

/** Shows what is, then each change, until interrupted. A watch that the server ends is taken up where it ended. */
async function watch(
  client: Client,
  wanted: readonly Wanted[],
  { options, terminal }: { options: GetOptions; terminal: Terminal },
): Promise<void> {
  const [one] = wanted
  if (one === undefined || wanted.length > 1) throw usageError('one kind or object can be watched at a time')
  if (options.output !== undefined && options.output !== 'wide')
    throw usageError(`-w shows tables, not ${options.output}`)
  const { resource, name } = one
  const scope = scopeOf(options, one)
  const query = new URLSearchParams(scope.query)
  if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`)
  const path = pathOf(resource, { namespace: scope.namespace })
  if (name !== undefined) await client.get(pathOf(resource, { namespace: scope.namespace, name }))

  const write = tableWriter(resource, { options, severalKinds: false })
  let resourceVersion = ''
  let isFirst = true
  for (;;) {
    if (resourceVersion === '') {
      const table = await client.get<Table>(`${path}?${query}`, { accept: tableAccept })
      terminal.write(write(table, { header: isFirst && table.rows.length > 0 }))
      isFirst &&= table.rows.length === 0
      resourceVersion = table.metadata?.resourceVersion ?? ''
    }
    const watched = new URLSearchParams([...query, ['watch', 'true'], ['resourceVersion', resourceVersion]])
    watched.set('allowWatchBookmarks', 'true')
    try {
      for await (const line of linesOf(client.stream(`${path}?${watched}`, { accept: tableAccept }))) {
        const { type, object } = JSON.parse(line) as { type: string; object: Table & { message?: string } }
        if (type === 'ERROR') break
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion
        if (type === 'BOOKMARK') continue
        terminal.write(write(object, { header: isFirst }))
        isFirst = false
      }
    } catch (error) {
      const isTooOld = error instanceof RequestError && error.code === 410
      if (!isTooOld) throw error
      resourceVersion = ''
    }
  }
}
