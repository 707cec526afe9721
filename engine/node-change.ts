/** `gantry node cordon|uncordon|drain`: one commit on the followed branch that says so of a Node. */
import { type DrainOptions, formatDrain } from './api/drain.ts'
import { drainAnnotation } from './api/manifest.ts'
import type { Manifest } from './api/manifest.ts'
import type { Node, NodeName } from './api/types.ts'
import { refOf } from './api/reference.ts'
import { commitToBranch, newestHead } from './branch-commit.ts'
import type { BranchWork } from './branch-commit.ts'
import type { ClusterView } from './cluster/view.ts'
import { drainVerdict, isObstacle } from './controllers/node/drain-verdict.ts'
import type { Follower } from './follow.ts'
import type { Oid } from './git/repository.ts'
import { editNodeManifest, newNodeManifest } from './node-manifest.ts'
import type { Schedulability } from './node-manifest.ts'
import { renderUnit } from './render/unit.ts'
import { Refused } from './server/controls.ts'
import type { NodeChange } from './server/controls.ts'

export interface NodeChangeOptions {
  readonly state: BranchWork['state']
  readonly branch: string
  readonly cluster: ClusterView
  readonly follower: Pick<Follower, 'read'>
  readonly name: NodeName
  readonly change: NodeChange
}

/** The new commit; undefined where the branch says so already. Rejects with Refused. */
export async function changeNode(options: NodeChangeOptions): Promise<Oid | undefined> {
  const { state, branch, cluster, name, change } = options
  const { repository } = state
  if (change.kind === 'drain') checkDrain(cluster, name, change)
  const work: BranchWork = { state, branch, words: wordsOf(options) }
  const head = await newestHead(work)
  const { manifests, problems, paths } = await options.follower.read(await repository.readCommit(head))
  if (problems.some(({ severity }) => severity === 'error')) {
    const what = `the newest commit of ${branch} (${head.slice(0, 7)}) is invalid, and a change on top of it would be too`
    throw new Refused(what, 'mend it first; see gantry status')
  }
  const known = manifests.find(({ object }) => refOf(object).kind === 'Node' && object.metadata.name === name)
  if (known === undefined && cluster.get('Node', name) === undefined) {
    throw new Refused(`nodes "${name}" not found`, 'gantry get nodes lists them')
  }
  const wanted = schedulability(change)
  if (says(known?.object as Node | undefined, wanted)) return undefined
  const file = known?.origin.file ?? newFile(paths, name)
  const text =
    known === undefined ? newNodeManifest(name, wanted) : await edited(known, { name, wanted, head, options })
  if (known === undefined) await checkFree(file, { head, options })
  return commitToBranch(work, { head, changes: new Map([[file, text]]), message: messageOf(options) })
}

function schedulability(change: NodeChange): Schedulability {
  switch (change.kind) {
    case 'cordon':
      return { unschedulable: true, drain: undefined }
    case 'uncordon':
      return { unschedulable: false, drain: undefined }
    case 'drain':
      return { unschedulable: true, drain: formatDrain(change) }
  }
}

function says(node: Node | undefined, { unschedulable, drain }: Schedulability): boolean {
  const now = node?.metadata.annotations?.[drainAnnotation]
  return (node?.spec.unschedulable === true) === unschedulable && now === drain
}

/** As kubectl drain refuses it: the pods that it would lose without a word. */
function checkDrain(cluster: ClusterView, name: NodeName, options: DrainOptions): void {
  const held = new Map<string, string[]>()
  for (const pod of cluster.podsOn(name)) {
    const verdict = drainVerdict(pod, options)
    if (isObstacle(verdict)) held.set(verdict, [...(held.get(verdict) ?? []), refOf(pod).key])
  }
  if (held.size === 0) return
  const reasons = [...held].map(([reason, pods]) => `${reason}: ${pods.join(', ')}`)
  throw new Refused(`unable to drain node "${name}": ${reasons.join('; ')}`, 'nothing was changed')
}

interface Place {
  readonly head: Oid
  readonly options: NodeChangeOptions
}

async function edited(
  { origin }: Manifest,
  { name, wanted, head, options }: Place & { name: NodeName; wanted: Schedulability },
): Promise<string> {
  const oid = await blobAt(origin.file, { head, options })
  const before = oid && (await options.state.repository.readBlob(oid)).toString()
  const after = before === undefined ? undefined : editNodeManifest(before, name, wanted)
  // What is written must be read as what was meant, whatever else the file holds.
  if (after === undefined || !readsAs(after, name, wanted)) {
    throw new Refused(
      `${origin.file}:${origin.line} says what node ${name} is, in a form that Gantry does not edit`,
      `write it there yourself: spec.unschedulable: ${wanted.unschedulable}` +
        (wanted.drain === undefined ? '' : `, and the annotation ${drainAnnotation}: "${wanted.drain}"`),
    )
  }
  return after
}

function readsAs(text: string, name: NodeName, wanted: Schedulability): boolean {
  const { manifests } = renderUnit(Buffer.from(text), { language: 'yaml', validate: true })
  const found = manifests.find(({ object }) => refOf(object).kind === 'Node' && object.metadata.name === name)
  return found !== undefined && says(found.object as Node, wanted)
}

/** In the first of the followed folders. */
function newFile([folder = '.']: readonly string[], name: NodeName): string {
  const path = folder.split('/').filter(segment => segment !== '' && segment !== '.')
  return [...path, 'nodes', `${name}.yaml`].join('/')
}

async function checkFree(file: string, place: Place): Promise<void> {
  if ((await blobAt(file, place)) === undefined) return
  throw new Refused(
    `${file} is there already, and has no manifest of that node that counts`,
    'write the Node there yourself',
  )
}

async function blobAt(file: string, { head, options }: Place): Promise<Oid | undefined> {
  const { repository } = options.state
  let { tree: oid }: { tree: Oid | undefined } = await repository.readCommit(head)
  for (const name of file.split('/')) {
    if (oid === undefined) return undefined
    oid = (await repository.readTree(oid)).find(entry => entry.name === name)?.oid
  }
  return oid
}

function messageOf({ name, change }: NodeChangeOptions): string {
  const what = { cordon: 'Cordon', uncordon: 'Uncordon', drain: 'Drain' }[change.kind]
  return `${what} node ${name}\n`
}

function wordsOf({ name, change }: NodeChangeOptions): BranchWork['words'] {
  const command = `gantry node ${change.kind} ${name}`
  return {
    what: `"${command}"`,
    undone: 'nothing was changed',
    again: 'try again',
    instead: `commit it in a clone: spec.unschedulable: ${change.kind !== 'uncordon'} in the manifest of Node ${name}`,
  }
}
