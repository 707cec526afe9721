/** What `gantry up` says on its terminal: what it is doing, where to look, what to type next, and then the news. */
import type { ClusterObject, ClusterStatus } from './api/cluster-object.ts'
import type { ClusterView } from './cluster/view.ts'
import { formatProblem } from './api/problem.ts'

export interface Welcome {
  readonly cluster: string
  readonly data: string
  readonly cloneUrl: string | undefined
  readonly source: string
  readonly kubeconfig: string
  /** Where agents of other machines knock. */
  readonly agents: string | undefined
  /** How this installation is called: `gantry`, or `npx gantry` in a checkout. */
  readonly command: string
}

/** Where the services of the cluster answer on this machine: `http://127.0.0.1:30080/  default/hello`. */
export function openAddresses(cluster: ClusterView, nodeAddress: string | undefined): readonly string[] {
  if (nodeAddress === undefined) return []
  return cluster
    .list('Service')
    .flatMap(({ metadata, spec }) =>
      (spec.ports ?? []).flatMap(({ nodePort, protocol }) =>
        nodePort === undefined
          ? []
          : [
              `${protocol === 'TCP' ? 'http' : 'udp'}://${nodeAddress}:${nodePort}/  ${metadata.namespace}/${metadata.name}`,
            ],
      ),
    )
}

export function welcomeLines(welcome: Welcome, addresses: readonly string[]): readonly string[] {
  const { cluster, data, cloneUrl, source, kubeconfig, agents, command } = welcome
  const line = (what: string, text: string): string => `  ${what.padEnd(10)}${text}`
  return [
    '',
    `Cluster ${cluster} is up. It runs what ${source} says.`,
    '',
    ...addresses.map((address, index) => line(index === 0 ? 'open' : '', address)),
    ...(cloneUrl === undefined ? [] : [line('clone', `git clone ${cloneUrl}`)]),
    ...(cloneUrl === undefined
      ? []
      : [line('notes', `git config --add remote.origin.fetch '+refs/notes/*:refs/notes/*'   (in the clone)`)]),
    ...(agents === undefined
      ? []
      : [line('join', `${command} token create, and on another machine ${command} agent --join HOST:PORT --token …`)]),
    ...(agents === undefined ? [] : [line('', `(agents are listened for at ${agents})`)]),
    line('look', `${command} status      ${command} get pods      ${command} history`),
    line('kubectl', `kubectl --kubeconfig ${kubeconfig} get pods -A`),
    line('data', data),
    '',
    'Ctrl-C stops Gantry; the pods keep running.',
    '',
  ]
}

/** What is new about the cluster, in a line or a few; nothing where nothing is worth a line. */
export function news(before: ClusterObject | undefined, after: ClusterObject): readonly string[] {
  const was = before?.status
  const is = after.status
  const commit = (id: string | undefined): string => (id ?? '').slice(0, 7)
  const lines: string[] = []
  if (is.revision !== undefined && is.revision.commit !== was?.revision?.commit) {
    lines.push(`${commit(is.revision.commit)} applied: ${is.revision.subject}`)
    lines.push(...is.problems.map(problem => `  ${formatProblem(problem)}`))
  }
  if (is.refused !== undefined && is.refused.revision.commit !== was?.refused?.revision.commit) {
    const stays = is.revision === undefined ? 'nothing is applied' : `${commit(is.revision.commit)} stays applied`
    const verb = is.refused.verdict === 'rejected' ? 'is rejected' : 'waits'
    lines.push(`${commit(is.refused.revision.commit)} ${verb}, ${stays}: ${is.refused.revision.subject}`)
    lines.push(...is.refused.problems.map(problem => `  ${formatProblem(problem)}`))
  }
  if (isHealthy(is) && (was === undefined || !isHealthy(was) || was.revision?.commit !== is.revision?.commit)) {
    lines.push(`${commit(is.revision?.commit)} is healthy`)
  }
  if (is.health === 'Degraded' && was?.health !== 'Degraded') {
    lines.push(`degraded: ${is.unhealthy.join('; ')}`)
  }
  if (is.sourceProblem !== was?.sourceProblem) {
    lines.push(
      is.sourceProblem === undefined
        ? 'the source can be read again'
        : `the source cannot be read: ${is.sourceProblem}`,
    )
  }
  return lines
}

/** A commit that was just applied has the health of the one before it until its own is known. */
function isHealthy({ health, healthyAt }: ClusterStatus): boolean {
  return health === 'Healthy' && healthyAt !== undefined
}
