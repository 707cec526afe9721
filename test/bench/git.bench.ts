/** The repository against plain git, in one run: what else the machine does weighs on both. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openRepository } from '../../engine/git/open.ts'
import type { Repository } from '../../engine/git/repository.ts'
import { ensureSigningKey } from '../../engine/git/signing-key.ts'
import { createSource } from '../../engine/git/source.ts'
import { median, milliseconds, timed, timesRow } from './bench.ts'
import type { Bench, Row } from './bench.ts'

const run = promisify(execFile)
const files = 5000
const rounds = 9
const author = { name: 'Bench', email: 'bench@example.org' }
const main = 'refs/heads/main'

export const bench: Bench = {
  async run(own) {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-git-'))
    own(() => rmSync(folder, { recursive: true }))
    await ensureSigningKey(join(folder, 'key'))
    return measure(folder, () =>
      openRepository(join(folder, 'r.git'), { signingKey: join(folder, 'key'), create: { defaultBranch: 'main' } }),
    )
  },
}

async function measure(folder: string, open: () => Promise<Repository>): Promise<readonly Row[]> {
  const repository = await open()
  await commit(repository, { count: files, round: 0 })
  const one = await times(round => commit(repository, { count: 1, round: round + 1 }))
  const thousand = await times(round => commit(repository, { count: 1000, round: round + 100 }))
  const oids = execFileSync('git', ['--git-dir', repository.path, 'ls-tree', '-r', '--format=%(objectname)', main])
  const read = await times(async () => {
    const fresh = await open()
    await Promise.all(
      oids
        .toString()
        .trim()
        .split('\n')
        .map(oid => fresh.readBlob(oid)),
    )
    await fresh.close()
  })
  const catFile = await times(async () =>
    execFileSync('git', ['--git-dir', repository.path, 'cat-file', '--batch'], { input: oids, maxBuffer: 2 ** 30 }),
  )
  execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'remote.git')])
  execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'plain.git')])
  const source = createSource({ repository, url: join(folder, 'remote.git'), branch: 'main' })
  await source.push([main])
  await plainPush(repository, folder)
  const push: Record<'own' | 'git', number[]> = { own: [], git: [] }
  for (let round = 0; round < rounds; round++) {
    await commit(repository, { count: 1, round: round + 1000 })
    push.own.push(await timed(() => source.push([main])))
    push.git.push(await timed(() => plainPush(repository, folder)))
  }
  await source.close()
  await repository.close()
  const beside = (times: readonly number[]): readonly string[] => [`git itself ${milliseconds(median(times))}`]
  return [
    timesRow('git: read every blob of 5,000 files', { times: read, most: 200, notes: beside(catFile) }),
    timesRow('git: commit 1 changed file', { times: one, most: 15 }),
    timesRow('git: commit 1,000 changed files', { times: thousand, most: 200 }),
    timesRow('git: push one small commit of 5,000 files', { times: push.own, most: 60, notes: beside(push.git) }),
  ]
}

function plainPush({ path }: Repository, folder: string): Promise<unknown> {
  return run('git', ['--git-dir', path, 'push', '--quiet', join(folder, 'plain.git'), main])
}

async function commit(repository: Repository, { count, round }: { count: number; round: number }): Promise<void> {
  const changes = new Map(
    Array.from({ length: count }, (_, n) => [
      `ns/${n % 50}/configmaps/c${n}.yaml`,
      `data:\n  round: "${round}"\n`.repeat(30) + n,
    ]),
  )
  const expected = await repository.resolve(main)
  await repository.commit({ ref: main, expected, changes, message: 'x', author, at: 1, sign: true })
}

async function times(work: (round: number) => Promise<unknown>): Promise<number[]> {
  const all: number[] = []
  for (let round = 0; round < rounds; round++) all.push(await timed(() => work(round)))
  return all
}
