import type { Commit, ObjectReader, Oid } from './git/repository.ts'

/** More commits than this between two heads are not read: what is looked for counts as not found. */
const maxCommits = 10_000

export interface Lineage {
  /** Newest first. */
  readonly commits: readonly Commit[]
  /** Whether `to` is among the ancestors. */
  readonly complete: boolean
}

/**
 * The commits that `from` brings beside those of `to`, as `git log to..from` lists them. It walks from the newest down,
 * and once `to` is met, what is left and older counts as known: with skewed clocks a commit too few or too many.
 */
export async function lineage(
  objects: ObjectReader,
  { from, to }: { from: Commit; to: Oid | undefined },
): Promise<Lineage> {
  // Without an earlier commit there is nothing to compare with: the head alone speaks.
  if (to === undefined) return { commits: [from], complete: false }
  const seen = new Set([from.oid])
  const commits: Commit[] = []
  const waiting = [from]
  let met: Commit | undefined
  while (commits.length < maxCommits) {
    waiting.sort((a, b) => a.committedAt - b.committedAt)
    const commit = waiting.pop()
    if (commit === undefined || (met !== undefined && commit.committedAt <= met.committedAt)) break
    if (commit.oid === to) {
      met = commit
      continue
    }
    commits.push(commit)
    for (const parent of commit.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      waiting.push(await objects.readCommit(parent))
    }
  }
  return { commits, complete: met !== undefined }
}
