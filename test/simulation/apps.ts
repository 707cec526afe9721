import { changedWishes, mendedWishes, type NodeWishes } from './node-wishes.ts'
import type { Random } from './random.ts'

/** What a commit says of one app: a workload, its ConfigMap and its Service. */
export interface App {
  readonly namespace: string
  readonly name: string
  /** A ReplicaSet stands by itself: its pods are never rolled, so its template stays. */
  readonly kind: 'Deployment' | 'ReplicaSet'
  readonly replicas: number
  /** `bad…` never starts. */
  readonly image: string
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly maxSurge: number | string
  readonly maxUnavailable: number | string
  readonly minReadySeconds: number
  readonly config: string
  readonly configValue: string
  /** The ConfigMap lets nobody change its value. */
  readonly immutable: boolean
  readonly nodePort: boolean
  readonly paused: boolean
  /** Cores. */
  readonly cpu: number
  /** Only a node with an SSD will do. */
  readonly ssd: boolean
  /** Nodes that are kept for databases will do. */
  readonly database: boolean
  /** Its objects are applied when those of lower waves are well. */
  readonly wave: number
  /** How long its pods bear a node that is lost; undefined: as long as the cluster says. */
  readonly lossSeconds: number | 'forever' | undefined
}

/** A Job; a hook is run anew by each commit that changes anything. */
export interface Task {
  readonly name: string
  readonly hook: 'pre' | 'post' | undefined
  readonly image: string
  readonly completions: number
  readonly parallelism: number
  readonly backoffLimit: number
  readonly wave: number
}

/** What a commit asks for. */
export interface Wanted {
  readonly tasks: readonly Task[]
  readonly apps: ReadonlyMap<string, App>
  /** Pods that git asks for by themselves, without anything that would replace them: `lone` runs on, `once-…` ends. */
  readonly pods: ReadonlySet<string>
  /** A Namespace is asked for by name. */
  readonly namespace: boolean
  readonly nodes: NodeWishes
}

const places = ['sim/ada', 'sim/bob', 'sim/cleo', 'other/ada', 'other/dora']

export function firstWanted(random: Random): Wanted {
  const places = ['sim/ada', 'sim/bob', 'other/ada']
  return {
    apps: new Map(places.map(place => [place, randomApp(place, random)])),
    tasks: someTasks(random),
    pods: new Set(['lone', 'once-0']),
    namespace: random.chance(0.5),
    nodes: new Map(),
  }
}

/** Their templates may not be changed: another one has another name. */
function someTasks(random: Random): Task[] {
  const task = { wave: random.pick([-1, 0, 0, 1]), backoffLimit: random.pick([0, 2, 6]), image: image(random) }
  const times = { completions: random.between(1, 3), parallelism: random.between(1, 2) }
  const once = { completions: 1, parallelism: 1, wave: 0 }
  const number = random.between(0, 1_000_000)
  return [
    ...(random.chance(0.3) ? [{ ...task, ...times, name: `batch-${number}`, hook: undefined }] : []),
    ...(random.chance(0.2) ? [{ ...task, ...once, name: 'migrate', hook: 'pre' as const }] : []),
    ...(random.chance(0.1) ? [{ ...task, ...once, name: 'notify', hook: 'post' as const }] : []),
  ]
}

function randomApp(place: string, random: Random): App {
  const [namespace = '', name = ''] = place.split('/')
  const kind = random.chance(0.85) ? 'Deployment' : 'ReplicaSet'
  return {
    namespace,
    name,
    kind,
    replicas: random.between(0, 5),
    image: kind === 'ReplicaSet' ? 'good:1' : image(random),
    ...strategy(random),
    ...(kind === 'ReplicaSet'
      ? { config: `${name}-set`, immutable: false }
      : configNamed(name, { number: 1, immutable: random.chance(0.25) })),
    configValue: 'a',
    nodePort: random.chance(0.3),
    paused: random.chance(0.05),
    wave: random.pick([0, 0, 0, 0, 0, -1, 1]),
    ...demands(random),
  }
}

/** What may not be changed has another name than what may. */
function configNamed(
  name: string,
  { number, immutable }: { readonly number: number; readonly immutable: boolean },
): Pick<App, 'config' | 'immutable'> {
  return { config: `${name}-${immutable ? 'fixed' : 'config'}-${number}`, immutable }
}

function image(random: Random): string {
  return random.chance(0.15) ? `bad:${random.between(1, 3)}` : `good:${random.between(1, 4)}`
}

function strategy(random: Random): Pick<App, 'strategy' | 'maxSurge' | 'maxUnavailable' | 'minReadySeconds'> {
  const maxSurge = random.pick([0, 1, 2, '25%', '100%'])
  return {
    strategy: random.chance(0.8) ? 'RollingUpdate' : 'Recreate',
    maxSurge,
    // Both may not be 0.
    maxUnavailable: random.pick([maxSurge === 0 ? 2 : 0, 1, '25%', '50%']),
    minReadySeconds: random.pick([0, 0, 3]),
  }
}

function demands(random: Random): Pick<App, 'cpu' | 'ssd' | 'database' | 'lossSeconds'> {
  return {
    cpu: random.pick([0.1, 0.1, 0.5]),
    ssd: random.chance(0.25),
    database: random.chance(0.25),
    lossSeconds: random.pick([undefined, undefined, undefined, 0, 5, 'forever']),
  }
}

/** A commit that changes one or two things. */
export function changed(wanted: Wanted, random: Random): Wanted {
  const times = random.between(1, 2)
  let next = wanted
  for (let i = 0; i < times; i++) next = changedOnce(next, random)
  return next
}

function changedOnce(wanted: Wanted, random: Random): Wanted {
  if (random.chance(0.15)) return { ...wanted, tasks: someTasks(random) }
  if (random.chance(0.15)) return { ...wanted, nodes: changedWishes(wanted.nodes, random) }
  if (random.chance(0.1)) return random.chance(0.3) ? { ...wanted, namespace: !wanted.namespace } : otherPods(wanted)
  const place = random.pick(places) ?? ''
  const app = wanted.apps.get(place)
  const apps = new Map(wanted.apps)
  if (!app) apps.set(place, randomApp(place, random))
  else if (random.chance(0.1)) apps.delete(place)
  else apps.set(place, { ...app, ...change(app, random) })
  return { ...wanted, apps }
}

function otherPods(wanted: Wanted): Wanted {
  const pods = new Set(wanted.pods)
  if (!pods.delete('lone')) pods.add('lone')
  return { ...wanted, pods }
}

function change(app: App, random: Random): Partial<App> {
  const scale = { replicas: random.between(0, 6) }
  if (app.kind === 'ReplicaSet') return scale
  const kinds = ['image', 'image', 'scale', 'scale', 'config', 'value', 'port', 'pause', 'strategy', 'demands'] as const
  switch (random.pick(kinds)) {
    case 'image':
      return { image: image(random) }
    case 'config':
      return configNamed(app.name, { number: random.between(1, 3), immutable: app.immutable })
    case 'value':
      return { configValue: String(random.between(1, 9)) }
    case 'port':
      return { nodePort: !app.nodePort }
    case 'pause':
      return { paused: !app.paused }
    case 'strategy':
      return strategy(random)
    case 'demands':
      return demands(random)
    default:
      return scale
  }
}

/** Whether any of it waits for something else. */
export function isStaged({ apps, tasks }: Wanted): boolean {
  return [...apps.values(), ...tasks].some(({ wave }) => wave !== 0) || tasks.some(({ hook }) => hook !== undefined)
}

/** Every image is one that starts, nothing is paused, no value is one that may not change, and `once` begins anew. */
export function mended(wanted: Wanted): Wanted {
  const apps = [...wanted.apps].map(([place, app]): [string, App] => [
    place,
    {
      ...app,
      image: app.image.replace('bad', 'good'),
      paused: false,
      ...(app.immutable ? configNamed(app.name, { number: 9, immutable: true }) : {}),
    },
  ])
  const tasks = wanted.tasks.map(task => ({
    ...task,
    name: task.hook === undefined ? 'batch' : task.name,
    image: task.image.replace('bad', 'good'),
    backoffLimit: 6,
  }))
  return { ...wanted, tasks, apps: new Map(apps), pods: new Set(['lone', 'once-1']), nodes: mendedWishes(wanted.nodes) }
}
