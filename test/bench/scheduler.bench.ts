/** The scheduler alone, on one core: 5,000 nodes, 150,000 pods. */
import { setDefaults } from '../../engine/api/defaults/defaults.ts'
import type { KubeObject, Node, Pod } from '../../engine/api/types.ts'
import { Cluster } from '../../engine/cluster/cluster.ts'
import type { Env } from '../../engine/cluster/view.ts'
import { NodeInfos } from '../../engine/scheduler/node-infos.ts'
import { reconcilePlacement } from '../../engine/scheduler/reconcile.ts'
import { figureRow } from './bench.ts'
import type { Bench } from './bench.ts'

const nodeCount = 5000
const podCount = 150_000
/** Pods of one template, as a ReplicaSet makes them. */
const perTemplate = 50

let ids = 0
const env: Env = { now: Date.UTC(2026, 10, 20), newId: () => `uid-${++ids}`, random: () => 0.5 }

export const bench: Bench = {
  async run() {
    const cluster = new Cluster({ startVersion: 0 })
    const nodes = cluster.observer(NodeInfos)
    put(
      cluster,
      Array.from({ length: nodeCount }, (_, index) => node(index)),
    )
    const keys = Array.from({ length: podCount }, (_, index) => `default/pod-${index}`)
    let spec: Pod['spec'] | undefined
    let seconds = 0
    const rates: number[] = []
    for (let index = 0; index < podCount; index += perTemplate) {
      spec = template()
      put(
        cluster,
        keys.slice(index, index + perTemplate).map(key => pod(key, spec as Pod['spec'])),
      )
      const begun = performance.now()
      for (const key of keys.slice(index, index + perTemplate)) {
        cluster.apply(reconcilePlacement(cluster, key, { nodes, refusals: new Map(), env }).changes, env)
      }
      const took = (performance.now() - begun) / 1000
      seconds += took
      rates.push(perTemplate / took)
    }
    const bound = cluster.list('Pod').filter(({ spec: { nodeName } }) => nodeName !== undefined).length
    const slowest = Math.min(...rates)
    return [
      figureRow('scheduling, 5,000 nodes, basic', {
        value: podCount / seconds,
        unit: 'pods/s',
        least: 5000,
        notes: [
          `${bound.toLocaleString('en')} bound, up to 30 a node; slowest ${perTemplate}: ${Math.round(slowest)} pods/s`,
        ],
      }),
    ]
  },
}

function put(cluster: Cluster, objects: readonly KubeObject[]): void {
  cluster.apply(
    objects.map(object => ({ kind: 'put', object })),
    env,
  )
}

function node(index: number): Node {
  const capacity = { cpu: '16', memory: '64Gi', pods: '110' }
  const name = `node-${index}`
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, zone: `zone-${index % 3}` } },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: 'Ready', status: 'True' }],
      runtimeHandlers: [{ name: 'docker' }],
    },
  }
}

function template(): Pod['spec'] {
  const resources = { requests: { cpu: '100m', memory: '128Mi' } }
  const given = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'web', image: 'web:1', resources }] },
  }
  return (setDefaults('Pod', given) as Pod).spec
}

function pod(key: string, spec: Pod['spec']): Pod {
  const name = key.slice('default/'.length)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec,
    status: { phase: 'Pending' },
  }
}
