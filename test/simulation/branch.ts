import type { Manifest, Revision } from '../../engine/api/manifest.ts'
import { type ClusterSettings, defaultSettings } from '../../engine/api/settings.ts'
import { describeRef, refOf } from '../../engine/api/reference.ts'
import type { KubeObject, NodeName } from '../../engine/api/types.ts'
import type { Cluster } from '../../engine/cluster/cluster.ts'
import type { Event } from '../../engine/core/event.ts'
import { checkGuards } from '../../engine/plan/guards.ts'
import { checkImmutable } from '../../engine/plan/immutable.ts'
import { plan } from '../../engine/plan/plan.ts'
import { appliedRevision, statusOfCluster } from './applied.ts'
import { check } from './invariants/violation.ts'
import { changed, firstWanted, mended, type Wanted } from './apps.ts'
import type { NodeWish } from './node-wishes.ts'
import { manifestsOf } from './manifests.ts'
import type { World } from './world.ts'

export interface Commit {
  readonly id: string
  readonly parent: Commit | undefined
  readonly message: string
  /** Undefined: it cannot be rendered. */
  readonly wanted: Wanted | undefined
  readonly manifests: readonly Manifest[]
  /** What stands there may be nobody's wish: nothing may be removed because of it. */
  readonly suspect: boolean
}

/** Nodes are given up while faults go on, and come back. */
const settings: ClusterSettings = {
  ...defaultSettings,
  spec: { ...defaultSettings.spec, nodes: { ...defaultSettings.spec.nodes, unreachableTolerationSeconds: 15 } },
}
/** Every other commit wants the packets between nodes encrypted. */
function settingsOf({ id }: Commit): ClusterSettings {
  const encryption = Number(id.slice(1)) % 2 === 0 ? 'wireguard' : 'none'
  return { ...settings, spec: { ...settings.spec, network: { encryption } } }
}
const word = 'Change\n\nGantry-Allow: delete'
const nothing: Wanted = { apps: new Map(), tasks: [], pods: new Set(), namespace: false, nodes: new Map() }

/** The followed branch and what becomes of its commits, as engine/follow.ts and engine/revisions.ts have it. */
export class Branch {
  /** The last commit that the core was given. */
  accepted: Commit | undefined
  /** Commits that somebody gave their word for. */
  readonly #allowed = new Set<string>()
  /** Somebody gave their word for what the commit that is looked at removes. */
  isMeant = true
  #head: Commit | undefined
  /** The last commit that a person wrote who knew what came before. */
  #meant: Commit | undefined
  readonly #commits = new Map<string, Commit>()
  #reachable = true
  #examined: Commit | undefined
  #troubled = false
  #isResumed = false
  readonly #world: World
  readonly #dispatch: (event: Event) => void

  constructor(world: World, dispatch: (event: Event) => void) {
    this.#world = world
    this.#dispatch = dispatch
  }

  get head(): Commit {
    if (!this.#head) throw new Error('nothing was pushed yet')
    return this.#head
  }

  /** What is removed because the applied commit does not name it was meant to be. */
  isRemoved(object: KubeObject): boolean {
    const ref = describeRef(refOf(object))
    const { id = '', manifests = [] } = this.accepted ?? {}
    return this.#allowed.has(id) && !manifests.some(manifest => describeRef(refOf(manifest.object)) === ref)
  }

  /** What the applied commit says of a node. */
  wishOf(node: NodeName): NodeWish | undefined {
    return this.accepted?.wanted?.nodes.get(node)
  }

  /** The last commit that was accepted stays the one that is applied. */
  checkApplied(cluster: Cluster): void {
    const is = appliedRevision(cluster)?.commit
    check(is === this.accepted?.id, () => `${is} is applied, and ${this.accepted?.id} was accepted last`)
  }

  // ---- what people do ----

  push(): void {
    const { random } = this.#world
    const before = this.#meant?.wanted
    const wanted = before ? changed(before, random) : firstWanted(random)
    this.#meant = this.#commit({ wanted, parent: this.#head, message: random.chance(0.9) ? word : 'Change' })
  }

  /** Something in the last commit is invalid. */
  pushInvalid(): void {
    this.#commit({ wanted: undefined, parent: this.#head, message: word })
  }

  /** A commit that leaves nothing, by accident. */
  pushEmpty(): void {
    this.#commit({ wanted: nothing, parent: this.#head, message: 'Oops', suspect: true })
  }

  /** Someone forces an old copy of the branch onto it, with a change of their own. */
  rewrite(): void {
    const old = this.#world.random.pick([...this.#commits.values()])
    const wanted = old?.wanted && changed(old.wanted, this.#world.random)
    if (wanted) this.#commit({ wanted, parent: undefined, message: 'Change', suspect: true })
  }

  mend(): void {
    this.#reachable = true
    this.#meant = this.#commit({
      wanted: mended(this.#meant?.wanted ?? firstWanted(this.#world.random)),
      parent: this.#head,
      message: word,
    })
  }

  unreachable(): void {
    this.#reachable = false
    this.#world.soon(500, 20_000, () => (this.#reachable = true))
  }

  #commit(said: Pick<Commit, 'wanted' | 'parent' | 'message'> & { readonly suspect?: boolean }): Commit {
    const id = `c${this.#commits.size + 1}`
    const commit = { suspect: false, ...said, id, manifests: said.wanted ? manifestsOf(said.wanted) : [] }
    this.#commits.set(id, commit)
    this.#head = commit
    return commit
  }

  // ---- what the engine does ----

  /** The engine starts: it has examined nothing yet, and goes on from what the record says is applied. */
  begin(cluster: Cluster): void {
    this.accepted = this.#applied(cluster)
    this.#examined = undefined
    this.#troubled = false
    this.#isResumed = false
  }

  /** Reads the source, and once after a start goes on with what was under way. */
  check(cluster: Cluster): void {
    this.#read(cluster)
    if (!this.#isResumed) this.#resume(cluster)
    this.#isResumed = true
  }

  #resume(cluster: Cluster): void {
    const applied = this.accepted
    if (!applied || this.#examined === applied || !statusOfCluster(cluster)?.rollout?.waiting.length) return
    const { manifests } = applied
    const revision = revisionOf(applied)
    this.#dispatch({ kind: 'revision', revision, manifests, settings: settingsOf(applied), problems: [] })
  }

  #read(cluster: Cluster): void {
    if (!this.#reachable) {
      if (!this.#troubled) this.#dispatch({ kind: 'source', message: 'the remote answers 500' })
      this.#troubled = true
      return
    }
    if (this.#troubled) this.#dispatch({ kind: 'source' })
    this.#troubled = false
    const head = this.#head
    if (!head || head === this.#examined) return
    this.#examined = head
    const verdict = this.#verdict(head, cluster)
    const revision = revisionOf(head)
    if (verdict === 'accepted') {
      this.accepted = head
      if (this.isMeant) this.#allowed.add(head.id)
      this.#dispatch({
        kind: 'revision',
        revision,
        manifests: head.manifests,
        settings: settingsOf(head),
        problems: [],
      })
    } else this.#dispatch({ kind: 'refused', revision, verdict, problems: [] })
  }

  /** A refused commit is pushed once more. */
  retry(): void {
    if (this.#examined !== this.accepted) this.#examined = undefined
  }

  #verdict(head: Commit, cluster: Cluster): 'accepted' | 'rejected' | 'waiting' {
    if (!head.wanted) return 'rejected'
    const planned = plan(cluster, head.manifests)
    const [problem] = checkImmutable(planned)
    if (problem) {
      this.#world.log(() => `rejected: ${problem.message}`)
      return 'rejected'
    }
    const applied = this.#applied(cluster)
    // It was let through before.
    if (head === applied) return 'accepted'
    const { messages, complete } = lineage(head, applied)
    const rewritten = applied !== undefined && !complete
    this.isMeant = !head.suspect || messages.includes(word)
    return checkGuards(planned, cluster, { settings, messages, rewritten }).kind === 'allowed' ? 'accepted' : 'waiting'
  }

  #applied(cluster: Cluster): Commit | undefined {
    return this.#commits.get(appliedRevision(cluster)?.commit ?? '')
  }
}

/** As engine/lineage.ts has it. */
function lineage(from: Commit, to: Commit | undefined): { messages: string[]; complete: boolean } {
  if (!to) return { messages: [from.message], complete: false }
  const messages: string[] = []
  let commit: Commit | undefined = from
  for (; commit && commit !== to; commit = commit.parent) messages.push(commit.message)
  return { messages, complete: commit !== undefined }
}

function revisionOf({ id, message }: Commit): Revision {
  return { commit: id, tree: id, subject: message.split('\n')[0] ?? '', author: 'sim', committedAt: 0 }
}
