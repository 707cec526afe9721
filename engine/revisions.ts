/** From a commit to what becomes of it: rendered, checked, planned against the cluster, and let through or not. */
import type { Cluster } from './cluster/cluster.ts'
import { condense } from './api/condense.ts'
import { verifyCommit } from './git/signature.ts'
import type { Commit, CommitReader } from './git/repository.ts'
import type { Manifest, Revision } from './api/manifest.ts'
import { formatProblem } from './api/problem.ts'
import type { Problem } from './api/problem.ts'
import type { ClusterSettings } from './api/settings.ts'
import { checkAdmission } from './plan/admission.ts'
import { checkEncryption } from './plan/encryption.ts'
import { describePlan } from './plan/describe.ts'
import { checkGuards } from './plan/guards.ts'
import { checkImmutable } from './plan/immutable.ts'
import { plan } from './plan/plan.ts'
import type { Plan } from './plan/step.ts'
import type { Rendered, Renderer } from './render/renderer.ts'

/** What a commit would do. */
export interface Proposal {
  readonly revision: Revision
  readonly manifests: readonly Manifest[]
  readonly settings: ClusterSettings
  readonly problems: readonly Problem[]
  readonly plan: Plan
  /** `rejected`: invalid. `waiting`: it would delete more than a guard lets through without a word. */
  readonly verdict: 'accepted' | 'rejected' | 'waiting'
}

export interface ProposeOptions {
  readonly renderer: Renderer
  readonly cluster: Cluster
  readonly objects: CommitReader
  /** The folders of the branch that are followed. */
  readonly paths: readonly string[] | undefined
  /** The commits from the applied one (excluded) to the proposed one (included), newest first; none where that is the applied one. */
  readonly commits: readonly Commit[]
  /** The branch was rewritten: the applied commit is not among the ancestors. Deletions then need a word. */
  readonly rewritten: boolean
  readonly signers: Signers
}

/** Whose signature a commit needs: `authorized_keys` lines. */
export interface Signers {
  /** Gantry's own key, always trusted. */
  readonly own: string
  /** Those of the applied commit; undefined before the first, when the proposed one's own settings speak. */
  readonly applied: readonly string[] | undefined
}

export async function propose(commit: Commit, options: ProposeOptions): Promise<Proposal> {
  const { renderer, cluster, objects, paths, commits, rewritten, signers } = options
  const rendered = await renderer.render(
    { objects, tree: commit.tree, time: commit.committedAt },
    paths === undefined ? {} : { paths },
  )
  const revision = revisionOf(commit)
  const { manifests, settings } = rendered
  const result = { revision, manifests, settings }
  const trusted = signers.applied ?? settings.spec.trustedSigners
  const unsigned = await findUnsigned(commit, { objects, trusted, own: signers.own })
  const told = condense(rendered.problems)
  const found = [...unsigned, ...told]
  if (found.some(isError)) return { ...result, problems: found, plan: { steps: [] }, verdict: 'rejected' }
  const planned = plan(cluster, manifests)
  const problems = [...told, ...checkCluster(cluster, rendered), ...checkImmutable(planned)]
  if (problems.some(isError)) return { ...result, problems, plan: planned, verdict: 'rejected' }
  // The applied commit was let through before, with what it has not removed yet.
  const guard =
    commits.length === 0
      ? ({ kind: 'allowed' } as const)
      : checkGuards(planned, cluster, { settings, messages: commits.map(({ message }) => message), rewritten })
  if (guard.kind === 'allowed') return { ...result, problems, plan: planned, verdict: 'accepted' }
  const { message, remedy } = guard
  const held: Problem = { file: commit.oid.slice(0, 7), line: 0, column: 0, severity: 'error', message, remedy }
  return { ...result, problems: [...problems, held], plan: planned, verdict: 'waiting' }
}

/** What the nodes of the cluster make of a commit's settings. */
function checkCluster(cluster: Cluster, rendered: Rendered): Problem[] {
  return [...checkAdmission(cluster, rendered), ...checkEncryption(cluster, rendered.settings)]
}

/** A commit that none of the trusted signed; where nobody is named, nobody need sign. */
async function findUnsigned(
  { oid }: Commit,
  { objects, trusted, own }: { objects: CommitReader; trusted: readonly string[]; own: string },
): Promise<Problem[]> {
  if (trusted.length === 0 || (await verifyCommit(objects, oid, [...trusted, own]))) return []
  const message = `commit ${oid.slice(0, 7)} is not signed by any of the ${trusted.length} keys in spec.trustedSigners`
  const remedy = 'sign it with one of them: git config gpg.format ssh, then git commit --amend -S'
  return [{ file: 'gantry.yaml', line: 0, column: 0, severity: 'error', message, remedy, field: 'spec.trustedSigners' }]
}

export function revisionOf(commit: Commit): Revision {
  return {
    commit: commit.oid,
    tree: commit.tree,
    subject: commit.message.split('\n', 1)[0] ?? '',
    author: `${commit.author.name} <${commit.author.email}>`,
    committedAt: commit.committedAt,
  }
}

/** What a pusher reads: problems first, then the plan or why there is none. */
export function describeProposal({ plan: planned, problems, verdict, revision }: Proposal): string[] {
  const commit = revision.commit.slice(0, 7)
  switch (verdict) {
    case 'accepted':
      return [...problems.map(formatProblem), ...describePlan(planned)]
    case 'rejected':
      return [...problems.map(formatProblem), `${commit} is rejected: nothing was changed`]
    case 'waiting':
      return [...describePlan(planned), ...problems.map(formatProblem), `${commit} is not applied: nothing was changed`]
  }
}

function isError({ severity }: Problem): boolean {
  return severity === 'error'
}
