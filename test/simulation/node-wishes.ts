import type { Node } from '../../engine/api/types.ts'
import { drainAnnotation } from '../../engine/api/manifest.ts'
import { dedicated } from './machines.ts'
import type { Random } from './random.ts'

/** What a commit says of a node. */
export type NodeWish = 'nothing special' | 'cordoned' | 'drained' | 'dedicated' | 'out of service'
export type NodeWishes = ReadonlyMap<string, NodeWish>

const wishes = ['nothing special', 'cordoned', 'drained', 'dedicated', 'out of service'] as const
/** The last of them may not exist. */
const names = ['node-1', 'node-2', 'node-3', 'node-4']

export function changedWishes(before: NodeWishes, random: Random): NodeWishes {
  const next = new Map(before)
  const name = random.pick(names) ?? ''
  if (random.chance(0.4)) next.delete(name)
  else next.set(name, random.pick(wishes))
  return next
}

/** The first node may take whatever the others do not. */
export function mendedWishes(before: NodeWishes): NodeWishes {
  return before.has('node-1') ? new Map([...before, ['node-1', 'nothing special']]) : before
}

export function nodeManifest(name: string, wish: NodeWish): Node {
  const annotations = wish === 'drained' ? { annotations: { [drainAnnotation]: 'true' } } : {}
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, ...annotations }, spec: specOf(wish) }
}

function specOf(wish: NodeWish): Node['spec'] {
  switch (wish) {
    case 'cordoned':
      return { unschedulable: true }
    case 'dedicated':
      return { taints: [dedicated] }
    case 'out of service':
      return { taints: [{ key: 'out-of-service', effect: 'NoExecute' }] }
    case 'drained':
    case 'nothing special':
      return {}
  }
}

/** Whether the branch lets a pod that tolerates these taints come to a node. */
export function lets(wish: NodeWish | undefined, { database }: { readonly database: boolean }): boolean {
  return wish === undefined || wish === 'nothing special' || (wish === 'dedicated' && database)
}

/** Whether the branch takes pods away from a node. */
export function empties(wish: NodeWish | undefined): boolean {
  return wish === 'drained' || wish === 'out of service'
}
