import type { ClusterObject } from '../api/cluster-object.ts'
import type { Revision } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import { formatProblem } from '../api/problem.ts'
import type { Deployment, Node, Pod } from '../api/types.ts'
import { formatAge } from '../server/age.ts'
import { podReason } from '../server/columns/pod.ts'
import type { EngineStatus } from '../server/controls.ts'
import type { Client } from './client.ts'
import { alignTabs } from './tabs.ts'
import type { Terminal } from './terminal.ts'

/** What the status screen shows. */
export interface StatusView {
  readonly engine: EngineStatus
  readonly deployments: readonly Deployment[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
}

export async function status(client: Client, terminal: Terminal): Promise<void> {
  const items = async <T>(path: string): Promise<readonly T[]> =>
    (await client.get<{ items: readonly T[] }>(path)).items
  const [engine, deployments, pods, nodes] = await Promise.all([
    client.get<EngineStatus>('/gantry/v1/status'),
    items<Deployment>('/apis/apps/v1/deployments'),
    items<Pod>('/api/v1/pods'),
    items<Node>('/api/v1/nodes'),
  ])
  const view = { engine, deployments, pods, nodes }
  terminal.write(formatStatus(view, { now: Date.now(), colors: terminal.colors }))
}

type Colors = Terminal['colors']
interface Look {
  readonly now: number
  readonly colors: Colors
}

/** The one screen that a user sees first: what runs, from which commit, and what is wrong with it. */
export function formatStatus(view: StatusView, look: Look): string {
  const { engine } = view
  const sections = [
    headline(view, look),
    refusedSection(engine.cluster, look),
    problemSection(engine, look),
    workloadSection(view, look),
    warningSection(engine.cluster, look),
  ]
  return `${sections
    .filter(section => section.length > 0)
    .map(section => section.join('\n'))
    .join('\n\n')}\n`
}

function headline({ engine, nodes }: StatusView, { now, colors }: Look): string[] {
  const { cluster, source, record } = engine
  const revision = cluster?.status.revision
  const ready = nodes.filter(isReady).length
  const rows = [
    ['Cluster', `${colors.bold(engine.clusterName)} ${healthWord(cluster, colors)}${since(cluster, now)}`],
    ['Commit', revision === undefined ? `none yet; push one to ${source.url}` : revisionText(revision)],
    [
      'Source',
      `${source.url} ${source.branch}${source.fetchedAt === undefined ? '' : `, read ${age(source.fetchedAt, now)} ago`}`,
    ],
    ['Record', recordText(record)],
    ['Nodes', nodes.length === 0 ? colors.red('none has joined') : `${ready}/${nodes.length} ready`],
  ]
  return alignTabs(rows.map(row => row.join('\t')).join('\n')).split('\n')
}

function healthWord(cluster: ClusterObject | undefined, colors: Colors): string {
  switch (cluster?.status.health) {
    case 'Healthy':
      return colors.green('● Healthy')
    case 'Progressing':
      return colors.yellow('◐ Progressing')
    case 'Degraded':
      return colors.red('✖ Degraded')
    default:
      return colors.dim('○ Nothing applied yet')
  }
}

function since(cluster: ClusterObject | undefined, now: number): string {
  const { health, healthyAt, appliedAt } = cluster?.status ?? {}
  if (health === 'Healthy' && healthyAt !== undefined) return ` for ${age(healthyAt, now)}`
  return appliedAt === undefined ? '' : `, applied ${age(appliedAt, now)} ago`
}

function revisionText({ commit, subject, author }: Revision): string {
  return `${commit.slice(0, 7)} ${subject} (${author})`
}

function recordText({ branch, commit, pending, mirror }: EngineStatus['record']): string {
  const behind = pending > 0 ? `, ${pending} ${pending === 1 ? 'change waits' : 'changes wait'} to be recorded` : ''
  const lag =
    mirror === undefined
      ? ''
      : `, copied to ${mirror.url} ${mirror.lagSeconds < 1 ? 'at once' : `${Math.round(mirror.lagSeconds)}s behind`}`
  return `${branch}${commit === undefined ? '' : ` ${commit.slice(0, 7)}`}${behind}${lag}`
}

function refusedSection(cluster: ClusterObject | undefined, { colors }: Look): string[] {
  const refused = cluster?.status.refused
  if (refused === undefined) return []
  const verdict =
    refused.verdict === 'rejected'
      ? 'was rejected; the commit above stays applied'
      : 'waits; the commit above stays applied'
  return [
    colors.red(`✖ The newest commit ${revisionText(refused.revision)} ${verdict}`),
    ...problemLines(refused.problems, colors),
  ]
}

/** What is wrong now, each with what would mend it where that is known. */
function problemSection({ cluster, record }: EngineStatus, { colors }: Look): string[] {
  const { sourceProblem, unhealthy = [] } = cluster?.status ?? {}
  const lines = [
    ...(sourceProblem === undefined ? [] : [`The source cannot be read: ${sourceProblem}`]),
    ...(record.problem === undefined ? [] : [`Recording fails, so nothing is changed meanwhile: ${record.problem}`]),
    ...(record.mirror?.problem === undefined ? [] : [`The observed branch is not copied: ${record.mirror.problem}`]),
  ]
  const mark = cluster?.status.health === 'Degraded' ? colors.red('✖') : colors.yellow('◐')
  return [...lines.map(line => `${colors.red('✖')} ${line}`), ...unhealthy.map(line => `${mark} ${line}`)]
}

function workloadSection({ deployments, pods }: StatusView, { now, colors }: Look): string[] {
  if (deployments.length === 0) return []
  const rows = deployments.map(deployment => {
    const { metadata, spec } = deployment
    const available = deployment.status?.availableReplicas ?? 0
    const isDone = available >= spec.replicas && (deployment.status?.updatedReplicas ?? 0) >= spec.replicas
    const mark = isDone ? colors.green('●') : colors.yellow('◐')
    const name = `${metadata.namespace ?? ''}/${metadata.name}`
    const trouble = isDone ? '' : podTrouble(deployment, pods)
    return [`${mark} ${name}`, `${available}/${spec.replicas} available`, trouble, age(metadata.creationTimestamp, now)]
  })
  const head = ['  WORKLOAD', 'AVAILABLE', 'PODS', 'AGE'].map(cell => colors.dim(cell))
  return alignTabs([head, ...rows].map(row => row.join('\t')).join('\n'), 3).split('\n')
}

/** `2 CrashLoopBackOff, 1 Pending`: what its pods that are not well are. */
function podTrouble(deployment: Deployment, pods: readonly Pod[]): string {
  const labels = Object.entries(deployment.spec.selector.matchLabels ?? {})
  const counts = new Map<string, number>()
  for (const pod of pods) {
    const isIts =
      pod.metadata.namespace === deployment.metadata.namespace &&
      labels.every(([key, value]) => pod.metadata.labels?.[key] === value)
    if (!isIts || (podReason(pod) === 'Running' && isReady(pod))) continue
    const reason = podReason(pod) === 'Running' ? 'not ready' : podReason(pod)
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ')
}

function warningSection(cluster: ClusterObject | undefined, { colors }: Look): string[] {
  const problems = cluster?.status.problems ?? []
  return problems.length === 0 ? [] : [colors.dim('Warnings of the applied commit'), ...problemLines(problems, colors)]
}

const problemsShown = 10

function problemLines(problems: readonly Problem[], colors: Colors): string[] {
  const lines = problems.slice(0, problemsShown).map(problem => {
    const paint = problem.severity === 'error' ? colors.red : colors.yellow
    return `  ${paint(formatProblem(problem))}`
  })
  const more = problems.length - lines.length
  return more > 0 ? [...lines, `  … and ${more} more: gantry get cluster -o yaml`] : lines
}

function isReady({ status }: Node | Pod): boolean {
  return (status?.conditions ?? []).some(condition => condition.type === 'Ready' && condition.status === 'True')
}

/** What the record dates later than this machine's clock began just now. */
function age(at: string | undefined, now: number): string {
  return formatAge(at, at === undefined ? now : Math.max(now, Date.parse(at)))
}
