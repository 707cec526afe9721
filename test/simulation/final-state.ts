import { hookOf } from '../../engine/api/sequence.ts'
import { equal } from '../../engine/api/stable.ts'
import type { KubeObject } from '../../engine/api/types.ts'
import type { Cluster } from '../../engine/cluster/cluster.ts'
import { appliedRevision, statusOfCluster } from './applied.ts'
import { type App, isStaged, type Wanted } from './apps.ts'
import type { Commit } from './branch.ts'
import type { FakeAgent } from './fake-agent.ts'
import { statusOf } from './fake-pod.ts'
import { checkMirror, checkSingleRun } from './invariants/told.ts'
import { check } from './invariants/violation.ts'

export interface FinalState {
  readonly cluster: Cluster
  readonly agents: readonly FakeAgent[]
  /** The last commit. */
  readonly commit: Commit
}

/** Once faults heal and events stop, exactly what the applied commit asks for runs. */
export function checkFinalState({ cluster, agents, commit }: FinalState): void {
  const { wanted } = commit
  if (!wanted) throw new Error('the last commit is invalid')
  const applied = appliedRevision(cluster)?.commit
  check(applied === commit.id, () => `${applied} is applied and not ${commit.id}`)
  checkSingleRun(agents)
  for (const agent of agents) checkMirror(cluster, agent)
  checkRunning(agents, wanted)
  checkPods(cluster, agents)
  checkEmptied(agents, wanted)
  checkReplicaSets(cluster)
  checkJobs(cluster, wanted)
  checkDesired(cluster, commit)
  checkConfigs(cluster, wanted)
  const status = statusOfCluster(cluster)
  check(status?.health === 'Healthy', () => `health is ${status?.health}: ${status?.unhealthy.join('; ')}`)
}

/** While one machine stays away, what it ran runs elsewhere. */
export function checkWithout(lost: FakeAgent, { agents, commit }: FinalState): void {
  // Where things wait for each other, one that bears the loss keeps others waiting.
  if (commit.wanted && isStaged(commit.wanted)) return
  const others = agents.filter(agent => agent !== lost)
  for (const app of commit.wanted?.apps.values() ?? []) {
    // One waits for every old pod to go, the other would have its pods stay with their node.
    if (app.strategy === 'Recreate' || app.lossSeconds === 'forever') continue
    const is = wordsOfRunning(others).filter(words => words.startsWith(`${placeOf(app)} `))
    check(
      is.join() === wordsOf(app).join(),
      () => `without ${lost.name} there run ${is.join() || 'none'} of ${placeOf(app)}`,
    )
  }
}

function checkRunning(agents: readonly FakeAgent[], { apps }: Wanted): void {
  const is = wordsOfRunning(agents).join(', ')
  const should = [...[...apps.values()].flatMap(wordsOf), 'sim/lone good:1'].sort().join(', ')
  check(is === should, () => `what runs is\n  ${is}\nand should be\n  ${should}`)
}

function wordsOf(app: App): string[] {
  return Array<string>(app.replicas).fill(`${placeOf(app)} ${app.image}`)
}

function placeOf({ namespace, name }: Pick<App, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

function wordsOfRunning(agents: readonly FakeAgent[]): string[] {
  return agents
    .flatMap(({ running }) => [...running.values()])
    .map(({ pod: { metadata, spec }, ready, stopping }) => {
      const place = `${metadata.namespace}/${metadata.labels?.['app'] ?? metadata.name}`
      return `${place} ${spec.containers[0]?.image}${ready ? '' : ' not ready'}${stopping ? ' stopping' : ''}`
    })
    .sort()
}

/** Every pod's status is its agent's word; beside what runs there is only what has ended. */
function checkPods(cluster: Cluster, agents: readonly FakeAgent[]): void {
  for (const { metadata, spec, status } of cluster.list('Pod')) {
    const agent = agents.find(({ name }) => name === spec.nodeName)
    const entry = agent?.running.get(metadata.uid ?? '')
    const said = entry ? statusOf(entry) : agent?.ended.get(metadata.uid ?? '')?.status
    check(said !== undefined, () => `nothing of pod ${metadata.name} is on its node ${spec.nodeName}`)
    check(
      said?.phase === status?.phase && said?.podIP === status?.podIP,
      () => `pod ${metadata.name} is ${status?.phase} by the cluster and ${said?.phase} by its agent`,
    )
    check(spec.restartPolicy === 'Always' || entry === undefined, () => `pod ${metadata.name} has not ended yet`)
  }
}

/** A node that is drained keeps what nothing would replace; one that is out of service keeps nothing. */
function checkEmptied(agents: readonly FakeAgent[], { nodes }: Wanted): void {
  for (const { name, running } of agents) {
    const wish = nodes.get(name)
    const stayed = [...running.values()].find(({ pod }) =>
      wish === 'drained' ? pod.metadata.ownerReferences !== undefined : wish === 'out of service',
    )
    check(stayed === undefined, () => `${stayed?.pod.metadata.name} is still on ${name}, which is ${wish}`)
  }
}

/** Every Job that is asked for is complete, whoever failed on the way, and there are no others. */
function checkJobs(cluster: Cluster, { tasks }: Wanted): void {
  const asked = tasks.flatMap(({ name, hook }) => (hook === undefined ? [`sim/${name}`] : [])).sort()
  const jobs = cluster.list('Job').filter(job => !hookOf(job))
  check(
    jobs.map(keyOf).join() === asked.join(),
    () => `Jobs are ${jobs.map(keyOf).join()} and should be ${asked.join()}`,
  )
  for (const { metadata, spec, status } of jobs) {
    const { succeeded = 0 } = status ?? {}
    check(succeeded >= (spec.completions ?? 1), () => `Job ${metadata.name} has succeeded ${succeeded} times`)
  }
}

/** Every ReplicaSet has what it asks for, and no more old ones are kept than the Deployments say. */
function checkReplicaSets(cluster: Cluster): void {
  for (const { metadata, spec, status } of cluster.list('ReplicaSet')) {
    const { availableReplicas = 0 } = status ?? {}
    check(availableReplicas === spec.replicas, () => `${metadata.name} has ${availableReplicas} of ${spec.replicas}`)
  }
  for (const { metadata, spec } of cluster.list('Deployment')) {
    const { length } = cluster.ownedBy('ReplicaSet', metadata.uid ?? '')
    check(length <= spec.revisionHistoryLimit + 1, () => `${metadata.name} keeps ${length} ReplicaSets`)
  }
}

/** The cluster holds what the commit says, as far as git has the word. */
function checkDesired(cluster: Cluster, { manifests }: Commit): void {
  for (const { object } of manifests) {
    const { kind, metadata } = object
    const found = cluster.get(kind === 'Deployment' ? 'Deployment' : kind, keyOf(object))
    const field = kind === 'ConfigMap' ? 'data' : 'spec'
    if (hookOf(object)) continue
    const isShared = kind === 'Job' || kind === 'Pod' || kind === 'Service' || kind === 'Node'
    const known = isShared ? found !== undefined : equal(found?.[field], object[field])
    check(known, () => `${kind} ${metadata.name} is not what the commit says`)
  }
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** ConfigMaps that nothing asks for or reads are gone, and so is a Namespace with nothing in it. */
function checkConfigs(cluster: Cluster, { apps, namespace }: Wanted): void {
  const is = cluster.list('ConfigMap').map(keyOf)
  const should = [...apps.values()].map(app => `${app.namespace}/${app.config}`).sort()
  check(is.join() === should.join(), () => `ConfigMaps are ${is.join()} and should be ${should.join()}`)
  const other = namespace || [...apps.values()].some(app => app.namespace === 'other')
  const found = cluster.get('Namespace', 'other')
  check((found !== undefined) === other, () => `Namespace other is ${found ? '' : 'not '}there`)
  check(found?.metadata.deletionTimestamp === undefined, () => 'Namespace other is ending')
}
