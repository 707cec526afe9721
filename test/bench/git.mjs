// The repository against plain git, and the record as it grows: `node test/bench/git.mjs`.
// Each row is measured in turns with git's own tool for it, so that what else the machine does weighs on both.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)
const files = 5000
const rounds = 9
const author = { name: 'Bench', email: 'bench@example.org' }
const main = 'refs/heads/main'
const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-git-'))

try {
  const { openRepository, ensureSigningKey, createSource } = await load()
  await ensureSigningKey(join(folder, 'key'))
  const open = () =>
    openRepository(join(folder, 'r.git'), { signingKey: join(folder, 'key'), create: { defaultBranch: 'main' } })
  await measure({ repository: await open(), open, createSource })
} finally {
  rmSync(folder, { recursive: true })
}

async function measure({ repository, open, createSource }) {
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
  await plainPush(repository)
  const push = { own: [], git: [] }
  for (let round = 0; round < rounds; round++) {
    await commit(repository, { count: 1, round: round + 1000 })
    push.own.push(await timed(() => source.push([main])))
    push.git.push(await timed(() => plainPush(repository)))
  }
  await source.close()
  await repository.close()
  print('read every blob of 5,000 files', read, { target: 200, git: catFile })
  print('commit 1 changed file', one, { target: 15 })
  print('commit 1,000 changed files', thousand, { target: 200 })
  print('push one small commit of 5,000 files', push.own, { target: 60, git: push.git })
}

function plainPush({ path }) {
  return run('git', ['--git-dir', path, 'push', '--quiet', join(folder, 'plain.git'), main])
}

async function commit(repository, { count, round }) {
  const changes = new Map(
    Array.from({ length: count }, (_, n) => [
      `ns/${n % 50}/configmaps/c${n}.yaml`,
      `data:\n  round: "${round}"\n`.repeat(30) + n,
    ]),
  )
  const expected = await repository.resolve(main)
  await repository.commit({ ref: main, expected, changes, message: 'x', author, at: 1, sign: true })
}

async function times(work) {
  const all = []
  for (let round = 0; round < rounds; round++) all.push(await timed(() => work(round)))
  return all
}

async function timed(work) {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

function print(name, own, { target, git }) {
  const beside = git === undefined ? '' : `, git itself ${median(git).toFixed(0)} ms`
  console.log(`${name}: ${median(own).toFixed(1)} ms (target ≤ ${target} ms${beside})`)
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

async function load() {
  const here = fileURLToPath(new URL('../..', import.meta.url))
  mkdirSync(join(folder, 'program'))
  const exports = ['open', 'signing-key', 'source'].map(
    name => `export * from ${JSON.stringify(join(here, `engine/git/${name}.ts`))}`,
  )
  const entry = join(folder, 'program/entry.ts')
  const outfile = join(folder, 'program/engine.mjs')
  writeFileSync(entry, exports.join('\n'))
  await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' })
  return await import(pathToFileURL(outfile).href)
}
