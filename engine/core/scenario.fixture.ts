import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import { drainAnnotation, type Manifest, sourceAnnotation } from '../api/manifest.ts'
import { defaultSettings } from '../api/settings.ts'
import { toTime } from '../api/time.ts'
import type {
  ConfigMap,
  EndpointSlice,
  Job,
  KubeObject,
  Node,
  Pod,
  PodDisruptionBudget,
  Release,
  ReplicaSet,
} from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import { hasJoined, isNodeReady } from '../cluster/objects/node-state.ts'
import { deploymentObject, podSpec, serviceObject } from '../cluster/objects/objects.fixture.ts'
import { conditionOf } from '../cluster/objects/conditions.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { drainedCondition, type PodReport } from '../protocol/session.ts'
import type { Effects, Event } from './event.ts'
import { step } from './step.ts'

const options = { clusterName: 'test', serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30000, to: 32767 } }
const start = Date.UTC(2026, 10, 20)

/** Runs a script of `> command` lines against the core, and writes beneath each what it decided. */
export function runScenario(script: string): string {
  const scenario = new Scenario()
  const lines = script.split('\n').filter(line => line.startsWith('> ') || line.startsWith('#') || line === '')
  const output = lines.flatMap(line => [[line], line.startsWith('> ') ? scenario.run(line.slice(2)) : []]).flat()
  return `${output.join('\n').trimEnd()}\n`
}

class Scenario {
  #now = start
  #ids = 0
  #commits = 0
  #wakeAt: number | undefined
  #cluster = new Cluster({ startVersion: 0 })
  #applied: Event | undefined
  /** Short names: a ReplicaSet is called after its image, its pods are numbered as they come. */
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  run(command: string): string[] {
    const [verb = '', ...words] = command.split(' ')
    switch (verb) {
      case 'node':
        return words.flatMap(name => this.#step(joined(name, offer)))
      case 'hello':
        return words.flatMap(name => this.#step(joined(name, {})))
      case 'push':
        return this.#step(this.#revision(words))
      case 'ready':
      case 'unready':
        return this.#report(words, pod => this.#status(pod, verb === 'ready'))
      case 'failing':
        return this.#report(words, pod => this.#status(pod, false, 'ImagePullBackOff'))
      case 'succeed':
      case 'fail':
        return this.#report(words, pod => this.#ended(pod, verb === 'succeed' ? 'Succeeded' : 'Failed'))
      case 'restart':
        return this.#restart()
      case 'ack':
        return this.#nodes().flatMap(node =>
          this.#step({ kind: 'acknowledged', node, resourceVersion: this.#cluster.resourceVersion }),
        )
      case 'gone':
        return this.#report(words, pod => (isDrained(pod) ? { gone: true } : undefined))
      case 'left':
        return words.flatMap(node => this.#step({ kind: 'left', node }))
      case 'remove':
        return words.flatMap(node => this.#step({ kind: 'removed', node }))
      case 'wait':
        return this.#wait(Number.parseInt(words[0] ?? '', 10) * 1000, words.slice(1))
      default:
        throw new Error(`no command "${verb}"`)
    }
  }

  #nodes(): string[] {
    return this.#cluster.list('Node').map(({ metadata }) => metadata.name)
  }

  #step(event: Event): string[] {
    const random = () => ((this.#ids++ * 7919) % 1000) / 1000
    const effects = step(this.#cluster, event, { now: this.#now, newId: () => `uid-${++this.#ids}`, random }, options)
    this.#wakeAt = effects.wakeAt
    return this.#told(effects)
  }

  /** Lets time pass, waking the core whenever it asked for it; the nodes named are silent, the others are not. */
  #wait(ms: number, silent: readonly string[]): string[] {
    const until = this.#now + ms
    const lines: string[] = []
    for (;;) {
      this.#now = Math.min(until, this.#now + 1000, Math.max(this.#now, this.#wakeAt ?? until))
      for (const node of this.#nodes())
        if (!silent.includes(node)) lines.push(...this.#step({ kind: 'heartbeats', nodes: [node], since: this.#now }))
      lines.push(...this.#step({ kind: 'clock' }))
      if (this.#now === until) return lines
      if (this.#wakeAt !== undefined && this.#wakeAt <= this.#now) throw new Error('the core wakes without end')
    }
  }

  #revision(words: readonly string[]): Event {
    const commit = `c${++this.#commits}`
    const objects = words.length === 0 ? [] : asked(words)
    const manifests = objects.map(object => ({
      object,
      origin: { file: 'web.yaml', line: 1, column: 1 },
      ...releaseOf(object),
    }))
    const revision = { commit, tree: commit, subject: commit, author: 'test', committedAt: 0 }
    const { spec } = defaultSettings
    const admission = words.includes('strict') ? 'strict' : 'open'
    const settings = { ...defaultSettings, spec: { ...spec, nodes: { ...spec.nodes, admission } } } as const
    this.#applied = { kind: 'revision', revision, manifests, settings, problems: [] }
    return this.#applied
  }

  /** The engine is killed, and another one reads the record and the branch. */
  #restart(): string[] {
    const objects = this.#cluster.kinds().flatMap(kind => this.#cluster.list(kind))
    const { resourceVersion } = this.#cluster
    this.#cluster = new Cluster({ startVersion: resourceVersion })
    this.#cluster.restore(objects, { resourceVersion })
    return [...this.#step({ kind: 'clock' }), ...(this.#applied ? this.#step(this.#applied) : [])]
  }

  /** Reports on the pods named, or all that are bound and not told to stop. */
  #report(
    names: readonly string[],
    say: (pod: Pod) => { status: Pod['status'] } | { gone: true } | undefined,
  ): string[] {
    const pods = this.#cluster.list('Pod').filter(pod => names.length === 0 || names.includes(this.#name(pod)))
    const reports = new Map<string, PodReport[]>()
    for (const pod of pods) {
      const said = say(pod)
      if (!said || pod.spec.nodeName === undefined) continue
      const { uid = '', namespace = '', name } = pod.metadata
      const report = { uid, namespace, name, ...said } as PodReport
      reports.set(pod.spec.nodeName, [...(reports.get(pod.spec.nodeName) ?? []), report])
    }
    return [...reports].flatMap(([node, all]) => this.#step({ kind: 'report', node, pods: all }))
  }

  #status(pod: Pod, ready: boolean, waiting?: string): { status: Pod['status'] } | undefined {
    if (pod.metadata.deletionTimestamp !== undefined) return undefined
    const status = ready ? 'True' : 'False'
    const lastTransitionTime = `${new Date(this.#now).toISOString().slice(0, 19)}Z`
    const conditions = ['Ready', 'ContainersReady'].map(type => ({ type, status, lastTransitionTime }) as const)
    const container = { name: 'main', ready, restartCount: 0, image: 'web', imageID: 'web' }
    const state =
      waiting === undefined ? { running: { startedAt: lastTransitionTime } } : { waiting: { reason: waiting } }
    const phase = waiting === undefined ? 'Running' : 'Pending'
    return { status: { phase, podIP: this.#name(pod), conditions, containerStatuses: [{ ...container, state }] } }
  }

  #ended(pod: Pod, phase: 'Succeeded' | 'Failed'): { status: Pod['status'] } | undefined {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return undefined
    const startedAt = toTime(this.#now)
    const [exitCode, reason] = phase === 'Succeeded' ? [0, 'Completed'] : [1, 'Error']
    const state = { terminated: { exitCode, reason, startedAt, finishedAt: startedAt } }
    const container = { name: 'main', ready: false, restartCount: 0, image: 'web', imageID: 'web', state }
    return { status: { phase, containerStatuses: [container] } }
  }

  #told({ record }: Effects): string[] {
    const seconds = (this.#now - start) / 1000
    const lines = record.flatMap(change => this.#line(change) ?? [])
    return lines.map(line => `  ${String(seconds).padStart(3)}s ${line}`)
  }

  #line(change: ObjectChange): string | undefined {
    switch (change.ref.kind) {
      case 'ReplicaSet':
        return this.#replicaSetLine(change)
      case 'Pod':
        return this.#podLine(change)
      case 'Job':
        return jobLine(change)
      case 'EndpointSlice':
        return this.#sliceLine(change)
      case 'Node':
        return nodeLine(change)
      case 'ConfigMap':
        return configLine(change)
      case 'Release':
        return releaseLine(change)
      case clusterKind:
        return healthLine(change)
      default:
        return undefined
    }
  }

  #replicaSetLine({ before, after }: ObjectChange): string | undefined {
    const [was, is] = [before as ReplicaSet | undefined, after as ReplicaSet | undefined]
    const name = this.#name(is ?? was)
    if (!is) return `ReplicaSet ${name} removed`
    return was?.spec.replicas === is.spec.replicas
      ? undefined
      : `ReplicaSet ${name} ${was?.spec.replicas ?? 0} → ${is.spec.replicas}`
  }

  #podLine({ before, after }: ObjectChange): string | undefined {
    const [was, is] = [before as Pod | undefined, after as Pod | undefined]
    const name = this.#name(is ?? was)
    if (!is) return `Pod ${name} gone`
    if (!was) return `Pod ${name} created`
    if (was.spec.nodeName !== is.spec.nodeName) return `Pod ${name} → ${is.spec.nodeName}`
    if (was.metadata.deletionTimestamp !== is.metadata.deletionTimestamp) return `Pod ${name} told to stop`
    if (isDrained(was) !== isDrained(is)) return `Pod ${name} drained`
    const scheduled = conditionOf(is.status?.conditions, 'PodScheduled')
    const known = conditionOf(was.status?.conditions, 'PodScheduled')
    return scheduled?.message === known?.message ? undefined : `Pod ${name} waits: ${scheduled?.message}`
  }

  #sliceLine({ after }: ObjectChange): string {
    const endpoints = (after as EndpointSlice | undefined)?.endpoints ?? []
    const ready = endpoints.filter(({ conditions }) => conditions.ready).map(({ addresses }) => addresses[0])
    return `endpoints: ${ready.sort().join(' ') || 'none'}`
  }

  #name(object: KubeObject | undefined): string {
    const uid = object?.metadata.uid ?? ''
    const known = this.#names.get(uid)
    if (object === undefined || known !== undefined) return known ?? ''
    const spec = object.kind === 'ReplicaSet' ? (object as ReplicaSet).spec.template.spec : (object as Pod).spec
    const image = spec.containers[0]?.image ?? ''
    const count = this.#counts.get(image) ?? 0
    if (object.kind === 'Pod') this.#counts.set(image, count + 1)
    const name = object.kind === 'Pod' ? `${image}-${count + 1}` : image
    this.#names.set(uid, name)
    return name
  }
}

function isDrained({ status }: Pod): boolean {
  return conditionOf(status?.conditions, drainedCondition)?.status === 'True'
}

/** What a node of a script has; one that only says hello has not said so yet. */
const offer = { allocatable: { cpu: '2', memory: '4Gi', pods: '10' }, runtimeHandlers: [{ name: 'docker' }] }

function joined(name: string, status: Node['status'] & object): Event {
  return { kind: 'joined', node: { name, labels: {}, taints: [], status }, podCIDR: '10.244.0.0/24' }
}

/**
 * `v1 replicas=3 surge=1 unavailable=0 config=a`: a Deployment, a Service and a ConfigMap; `budget=2`: a
 * PodDisruptionBudget of minAvailable 2; `wave=1`: the Deployment's; `job:seed:completions=2:hook=pre-install`: a Job;
 * `release:db:2`: a Release with other values than `release:db:1`;
 * `a`, `a:cordon`, `a:drain`, `a:old=NoExecute`: a Node and what is said of it.
 */
function asked([image = '', ...settings]: readonly string[]): KubeObject[] {
  const given = new Map(settings.map(setting => setting.split('=') as [string, string]))
  const number = (name: string, otherwise: number) => Number(given.get(name) ?? otherwise)
  const config = given.get('config') ?? 'a'
  const envFrom = [{ configMapRef: { name: config } }]
  const spec = podSpec({
    containers: podSpec().containers.map(container => Object.assign({}, container, { image, envFrom })),
  })
  const rollingUpdate = { maxSurge: number('surge', 1), maxUnavailable: number('unavailable', 0) }
  const deployment = deploymentObject({
    replicas: number('replicas', 2),
    minReadySeconds: number('minReady', 0),
    revisionHistoryLimit: number('history', 10),
    ...(given.has('paused') ? { paused: true } : {}),
    progressDeadlineSeconds: number('deadline', 600),
    strategy: given.get('strategy') === 'Recreate' ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate },
    template: { metadata: { labels: { app: 'web' } }, spec },
  })
  const map: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: config, namespace: 'shop' },
    data: {},
  }
  const budget = given.get('budget')
  const wave = given.get('wave')
  return [
    map,
    serviceObject('web'),
    wave === undefined ? deployment : annotated(deployment, { 'gantry.dev/wave': wave }),
    ...(budget === undefined ? [] : [budgetOf(Number(budget))]),
    ...settings.filter(word => /^[a-z](?::|$)/.test(word)).map(askedNode),
    ...settings.filter(word => word.startsWith('job:')).map(askedJob),
    ...settings.filter(word => word.startsWith('release:')).map(askedRelease),
  ]
}

function askedRelease(word: string): KubeObject {
  const [, name = '', version = ''] = word.split(':')
  const spec = { chart: { path: name }, values: { version } }
  return { apiVersion: 'gantry.dev/v1', kind: 'Release', metadata: { name, namespace: 'shop' }, spec } as KubeObject
}

function budgetOf(minAvailable: number): PodDisruptionBudget {
  const spec = { minAvailable, selector: { matchLabels: { app: 'web' } } }
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: 'shop' }, spec }
}

/** `web>db`: release web, which depends on release db. */
function releaseOf({ metadata }: KubeObject): Pick<Manifest, 'release'> {
  const [name, ...dependsOn] = metadata.annotations?.['release']?.split('>') ?? []
  return name === undefined ? {} : { release: { name, namespace: 'shop', dependsOn } }
}

function annotated<T extends KubeObject>(object: T, annotations: Record<string, string>): T {
  return { ...object, metadata: { ...object.metadata, annotations } }
}

function askedJob(word: string): Job {
  const [, name = '', ...settings] = word.split(':')
  const given = new Map(settings.map(setting => setting.split('=') as [string, string]))
  const number = (field: string) => (given.has(field) ? { [field]: Number(given.get(field)) } : {})
  const [hook, wave, deleted, release] = ['hook', 'wave', 'delete', 'release'].map(field =>
    given.get(field)?.replaceAll('+', ','),
  )
  const spec = podSpec({
    restartPolicy: 'Never',
    containers: podSpec().containers.map(container => ({ ...container, image: given.get('image') ?? name })),
  })
  const job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'shop' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      suspend: given.has('suspend'),
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      ...number('parallelism'),
      ...number('completions'),
      ...number('backoffLimit'),
      ...number('activeDeadlineSeconds'),
      ...number('ttlSecondsAfterFinished'),
      template: { spec },
    },
  }
  return annotated(job, {
    ...(hook === undefined ? {} : { 'helm.sh/hook': hook }),
    ...(wave === undefined ? {} : { 'gantry.dev/wave': wave }),
    ...(release === undefined ? {} : { release }),
    ...(deleted === undefined ? {} : { 'helm.sh/hook-delete-policy': deleted }),
  })
}

function askedNode(word: string): Node {
  const [name = '', what = ''] = word.split(':')
  const [key = '', effect] = what.split('=')
  const annotations = what === 'drain' ? { annotations: { [drainAnnotation]: 'true' } } : {}
  const taints = effect === undefined ? {} : { taints: [{ key, effect: effect as 'NoExecute' }] }
  const spec = { ...(what === 'cordon' || what === 'drain' ? { unschedulable: true } : {}), ...taints }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, ...annotations }, spec }
}

function nodeLine({ before, after }: ObjectChange): string | undefined {
  const [was, is] = [before as Node | undefined, after as Node | undefined]
  if (!is) return `Node ${was?.metadata.name} removed`
  const words = nodeWords(is)
  return was && nodeWords(was) === words ? undefined : `Node ${is.metadata.name} is ${words}`
}

function nodeWords(node: Node): string {
  const { conditions } = node.status ?? {}
  const state = isNodeReady(node) ? 'ready' : hasJoined(node) ? 'lost' : 'not there'
  const drained = conditionOf(conditions, drainedCondition)
  const progress = drained && (drained.status === 'True' ? 'drained' : 'draining')
  return [state, ...(node.spec.unschedulable === true ? ['cordoned'] : []), ...(progress ? [progress] : [])].join(', ')
}

function jobLine({ ref, before, after }: ObjectChange): string | undefined {
  const [was, is] = [before as Job | undefined, after as Job | undefined]
  if (!is) return `Job ${ref.key} removed`
  const words = jobWords(is)
  return was && jobWords(was) === words ? undefined : `Job ${ref.key}: ${words}`
}

function jobWords({ status }: Job): string {
  const counts = (['active', 'terminating', 'succeeded', 'failed'] as const).flatMap(field =>
    (status?.[field] ?? 0) === 0 ? [] : [`${status?.[field]} ${field}`],
  )
  const conditions = (status?.conditions ?? []).flatMap(condition =>
    condition.status === 'True' ? [condition.type] : [],
  )
  return [...counts, ...conditions].join(', ') || 'nothing yet'
}

function releaseLine({ ref, before, after }: ObjectChange): string | undefined {
  const [was, is] = [before, after].map(object => (object as Release | undefined)?.status?.phase)
  return is === undefined || is === was ? undefined : `Release ${ref.key} ${is}`
}

function configLine({ ref, before, after }: ObjectChange): string | undefined {
  if (!after) return `${ref.kind} ${ref.key} removed`
  const kept = before && after.metadata.annotations?.[sourceAnnotation] === undefined
  return before && !kept ? undefined : `${ref.kind} ${ref.key} ${kept ? 'kept for those that read it' : 'created'}`
}

function healthLine({ before, after }: ObjectChange): string | undefined {
  const [was, is] = [before as ClusterObject | undefined, after as ClusterObject | undefined]
  return healthWords(was) === healthWords(is) ? undefined : healthWords(is)
}

function healthWords(object: ClusterObject | undefined): string | undefined {
  return object && [object.status.health, ...object.status.unhealthy].join(': ')
}
