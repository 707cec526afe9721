import type { Pod } from '../api/types.ts'
import type { Client } from './client.ts'
import { linesOf } from './client.ts'
import { usageError } from './failure.ts'
import { defaultContainer, findPod, podPath, podsOf } from './find-pods.ts'
import type { Terminal } from './terminal.ts'

export interface LogsOptions {
  readonly namespace: string
  readonly container?: string
  readonly allContainers: boolean
  readonly selector?: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly prefix: boolean
  readonly tail?: string
  readonly since?: string
  readonly sinceTime?: string
  readonly limitBytes?: string
}

/** `gantry logs`, as `kubectl logs`. */
export async function logs(
  client: Client,
  target: string | undefined,
  { options, terminal }: { options: LogsOptions; terminal: Terminal },
): Promise<void> {
  const query = logQuery(options)
  const pods = await findPods(client, target, { options, note: terminal.note })
  const sources = pods.flatMap(pod => containersOf(pod, { options, note: terminal.note }).map(name => ({ pod, name })))
  const showLog = async ({ pod, name }: (typeof sources)[number]): Promise<void> => {
    const label = options.prefix ? terminal.colors.cyan(`[pod/${pod.metadata.name}/${name}] `) : ''
    const own = new URLSearchParams(query)
    own.set('container', name)
    for await (const line of linesOf(client.stream(`${podPath(pod, 'log')}?${own}`))) {
      terminal.write(`${label}${line}\n`)
    }
  }
  if (options.follow) await Promise.all(sources.map(showLog))
  else for (const source of sources) await showLog(source)
}

function containersOf(
  pod: Pod,
  { options, note }: { options: LogsOptions; note: Terminal['note'] },
): readonly string[] {
  if (options.allContainers) return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name)
  return [options.container ?? defaultContainer(pod, note)]
}

function logQuery(options: LogsOptions): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps'] as const) if (options[name]) query.set(name, 'true')
  if (options.allContainers && options.container !== undefined) {
    throw usageError('--all-containers=true should not be specified with container name', 'leave out one of the two')
  }
  if (options.since !== undefined && options.sinceTime !== undefined) {
    throw usageError('at most one of --since-time and --since may be used')
  }
  if (options.tail !== undefined && options.tail !== '-1') {
    query.set('tailLines', wholeNumber(options.tail, '--tail must be a number of lines'))
  } else if (options.tail === undefined && options.selector !== undefined) {
    query.set('tailLines', '10')
  }
  if (options.limitBytes !== undefined) {
    query.set('limitBytes', wholeNumber(options.limitBytes, '--limit-bytes must be a number of bytes'))
  }
  if (options.since !== undefined) query.set('sinceSeconds', String(parseDuration(options.since)))
  if (options.sinceTime !== undefined) query.set('sinceTime', options.sinceTime)
  return query
}

function wholeNumber(text: string, rule: string): string {
  if (!/^\d+$/.test(text)) throw usageError(`${rule}, not ${text}`)
  return text
}

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 }

/** `90s`, `5m`, `1h30m` → seconds. @throws CliError */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)]
  if (text === '' || parts.map(([part]) => part).join('') !== text) {
    throw usageError(`${JSON.stringify(text)} is not a span of time`, 'write 90s, 5m or 1h30m')
  }
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ''] ?? 0), 0)
  return Math.max(1, Math.ceil(seconds))
}

async function findPods(
  client: Client,
  target: string | undefined,
  { options, note }: { options: LogsOptions; note: Terminal['note'] },
): Promise<readonly Pod[]> {
  const { selector, namespace } = options
  if (selector !== undefined) {
    if (target !== undefined) throw usageError('a name and a selector cannot be given together')
    const pods = await podsOf(client, selector, namespace)
    if (pods.length === 0) note(`No resources found in ${namespace} namespace.\n`)
    return pods
  }
  if (target === undefined) throw usageError('no pod is named', 'write gantry logs POD or gantry logs deploy/web')
  return [(await findPod(client, target, { namespace, note })).pod]
}
