/** What the engine told this node, in memory and on disk: an agent that starts while the engine is away knows its pods. */
import { readFile } from 'node:fs/promises'
import { writeFileDurably } from '../machine/files.ts'
import { kindKey, keyOf, refOf } from '../engine/api/reference.ts'
import type { CoreKind, Kinds, KubeObject, NodeName } from '../engine/api/types.ts'
import type { Key, Ref } from '../engine/api/reference.ts'
import type { AssignmentDelta, NodeSettings } from '../engine/protocol/session.ts'
import type { Mirror } from './mirror.ts'

type Assigned = 'Node' | 'Pod' | 'ConfigMap' | 'Secret' | 'Service' | 'EndpointSlice'

export class Assignments implements Mirror {
  readonly settings: NodeSettings
  readonly #nodeName: NodeName
  #resourceVersion = 0
  readonly #objects = new Map<CoreKind, Map<Key, KubeObject>>()
  readonly #sorted = new Map<CoreKind, readonly KubeObject[]>()

  constructor(settings: NodeSettings, nodeName: NodeName) {
    this.settings = settings
    this.#nodeName = nodeName
  }

  get resourceVersion(): number {
    return this.#resourceVersion
  }

  /** Returns the kinds of which something changed. */
  apply(delta: AssignmentDelta): ReadonlySet<string> {
    const touched = new Set<string>()
    if (delta.full) {
      for (const kind of this.#objects.keys()) touched.add(kind)
      this.#objects.clear()
      this.#sorted.clear()
    }
    for (const object of delta.put) {
      const kind = kindKey(object.apiVersion, object.kind) as CoreKind
      let objects = this.#objects.get(kind)
      if (objects === undefined) this.#objects.set(kind, (objects = new Map()))
      objects.set(refOf(object).key, object)
      this.#sorted.delete(kind)
      touched.add(kind)
    }
    for (const ref of delta.delete) this.#remove(ref, touched)
    this.#resourceVersion = delta.resourceVersion
    return touched
  }

  #remove(ref: Ref, touched: Set<string>): void {
    if (this.#objects.get(ref.kind as CoreKind)?.delete(ref.key) !== true) return
    this.#sorted.delete(ref.kind as CoreKind)
    touched.add(ref.kind)
  }

  node(): Kinds['Node'] | undefined {
    return this.#get('Node', this.#nodeName)
  }
  pods(): readonly Kinds['Pod'][] {
    return this.#list('Pod')
  }
  configMap(namespace: string, name: string): Kinds['ConfigMap'] | undefined {
    return this.#get('ConfigMap', keyOf(name, namespace))
  }
  secret(namespace: string, name: string): Kinds['Secret'] | undefined {
    return this.#get('Secret', keyOf(name, namespace))
  }
  services(): readonly Kinds['Service'][] {
    return this.#list('Service')
  }
  endpointSlices(): readonly Kinds['EndpointSlice'][] {
    return this.#list('EndpointSlice')
  }

  #get<K extends Assigned>(kind: K, key: Key): Kinds[K] | undefined {
    return this.#objects.get(kind)?.get(key) as Kinds[K] | undefined
  }

  #list<K extends Assigned>(kind: K): readonly Kinds[K][] {
    let sorted = this.#sorted.get(kind)
    if (sorted === undefined) {
      const byKey = [...(this.#objects.get(kind) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
      this.#sorted.set(kind, (sorted = byKey.map(([, object]) => object)))
    }
    return sorted as readonly Kinds[K][]
  }

  toJSON(): SavedAssignments {
    const put = [...this.#objects.values()].flatMap(objects => [...objects.values()])
    return { settings: this.settings, delta: { full: true, resourceVersion: this.#resourceVersion, put, delete: [] } }
  }
}

interface SavedAssignments {
  readonly settings: NodeSettings
  readonly delta: AssignmentDelta
}

/** What an earlier agent of this node knew; undefined where there was none. A file cut short by a crash cannot be. */
export async function loadAssignments(file: string, nodeName: NodeName): Promise<Assignments | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const saved = JSON.parse(text) as SavedAssignments
  const assignments = new Assignments(saved.settings, nodeName)
  assignments.apply(saved.delta)
  return assignments
}

/** Holds Secrets: for this user's eyes only. */
export async function saveAssignments(file: string, assignments: Assignments): Promise<void> {
  await writeFileDurably(file, JSON.stringify(assignments), { mode: 0o600 })
}
