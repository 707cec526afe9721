/** What an edit costs in a repository of 10,000 manifests, and a first start with it. */
import { execFileSync } from 'node:child_process'
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../engine/cluster/cluster.ts'
import { openRepository } from '../../engine/git/open.ts'
import { checkGuards } from '../../engine/plan/guards.ts'
import { checkImmutable } from '../../engine/plan/immutable.ts'
import { plan } from '../../engine/plan/plan.ts'
import type { Plan } from '../../engine/plan/step.ts'
import { createRenderer } from '../../engine/render/renderer.ts'
import type { EngineStatus } from '../../engine/server/controls.ts'
import { Gantry } from '../e2e/gantry.ts'
import { appFiles, nameOf, namespaceFiles, namespaceOf } from './app-files.ts'
import { figureRow, milliseconds, timed, timesRow } from './bench.ts'
import type { Bench, Closer, Row } from './bench.ts'
import { BenchCluster, isHealthy, isRecorded, quietUser } from './cluster.ts'
import { memoryOf } from './usage.ts'

const apps = 2500
const agents = 20
/** Each of another app; these run a pod. */
const edits = 60
const main = 'refs/heads/main'
const author = { name: 'Bench', email: 'bench@example.org' }

export const bench: Bench = {
  async run(own) {
    const cluster = await BenchCluster.start(agents, own)
    await cluster.begin(namespaceFiles(apps))
    const files = Array.from({ length: apps }, (_, app) => [
      ...appFiles(app, { replicas: app < edits ? 1 : 0, version: 0 }),
    ])
    const commit = await cluster.commit('10,000 manifests', files.flat())
    await cluster.push()
    await cluster.until('healthy', status => isHealthy(status, commit))
    const repository = join(mkdtempSync(join(cluster.gantry.folder, 'copy-')), 'hello.git')
    cpSync(join(cluster.gantry.data, 'git/hello.git'), repository, { recursive: true })

    const told: number[] = []
    for (let app = 0; app < edits; app++) told.push(await edit(cluster, app))
    await cluster.gantry.stop()
    return [
      timesRow('git push of one file of 10,000 manifests → its agent told', {
        times: told,
        most: 150,
        at: 'p99',
        notes: ["with git's own client"],
      }),
      ...(await renderAndPlan(repository, own)),
      ...(await coldStart(repository, own)),
    ]
  },
}

/** From the start of `git push` until the app's agent hears of its new pod. */
async function edit(cluster: BenchCluster, app: number): Promise<number> {
  const told = new Promise<number>(resolve => {
    cluster.agents.onTold = ({ put }) => {
      const isNew = put.some(
        ({ kind, metadata: { labels, namespace } }) =>
          kind === 'Pod' &&
          namespace === namespaceOf(app) &&
          labels?.['app'] === nameOf(app) &&
          labels['version'] === 'v1',
      )
      if (isNew) resolve(performance.now())
    }
  })
  const commit = await cluster.commit(`Edit ${nameOf(app)}`, appFiles(app, { replicas: 1, version: 1 }))
  const begun = performance.now()
  await cluster.push()
  const time = (await told) - begun
  await cluster.until('healthy', status => isHealthy(status, commit) && status.record.pending === 0)
  return time
}

/** The same edits without a client: what the engine itself makes of a commit. */
async function renderAndPlan(path: string, own: (close: Closer) => void): Promise<readonly Row[]> {
  const repository = await openRepository(path)
  own(() => repository.close())
  const renderer = createRenderer()
  own(() => renderer.close())
  const cluster = new Cluster({ startVersion: 0 })
  let ids = 0
  const env = { now: Date.now(), newId: () => `uid-${++ids}`, random: Math.random }

  async function propose(): Promise<Plan> {
    const head = await repository.resolve(main)
    if (head === undefined) throw new Error('the copy of the repository has no branch main')
    const { tree } = await repository.readCommit(head)
    const { manifests, settings } = await renderer.render({ objects: repository, time: 0, tree })
    const planned = plan(cluster, manifests)
    checkImmutable(planned)
    checkGuards(planned, cluster, { settings, messages: [''] })
    return planned
  }
  async function apply(): Promise<void> {
    const { steps } = await propose()
    cluster.apply(
      steps.flatMap(step => (step.kind === 'delete' ? [] : [{ kind: 'put', object: step.after }])),
      env,
    )
  }

  await apply()
  await propose()
  const changed: number[] = []
  const same: number[] = []
  for (let app = edits; app < 2 * edits; app++) {
    const expected = await repository.resolve(main)
    const changes = appFiles(app, { replicas: 0, version: 1 })
    await repository.commit({ ref: main, expected, changes, message: 'Edit', author, at: app, sign: false })
    changed.push(await timed(propose))
    await apply()
    await propose()
    same.push(await timed(propose))
  }
  return [
    timesRow('… of which render and plan', { times: changed, most: 50, at: 'p99' }),
    timesRow('nothing changed, 10,000 manifests', { times: same, most: 5 }),
  ]
}

/** The first start of a data folder that holds nothing but the branch. */
async function coldStart(repository: string, own: (close: Closer) => void): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(repository, '../../cold-'))
  const data = join(folder, 'data')
  mkdirSync(join(data, 'git'), { recursive: true, mode: 0o700 })
  // The branch alone: the record of another cluster would be refused.
  const options = ['--quiet', '--bare', '--single-branch', '--branch', 'main']
  execFileSync('git', ['clone', ...options, repository, join(data, 'git/hello.git')])
  if (quietUser.uid !== undefined) giveAway(folder, quietUser.uid)
  const begun = performance.now()
  const gantry = await Gantry.up({ ...quietUser, data })
  own(() => gantry.down())
  const ready = performance.now() - begun
  const commit = execFileSync('git', ['--git-dir', repository, 'rev-parse', main], { encoding: 'utf8' }).trim()
  await gantry.until('recorded', async () => isRecorded(await gantry.api<EngineStatus>('/gantry/v1/status'), commit))
  const recorded = performance.now() - begun
  return [
    timesRow('cold start, 10,000 manifests → ready', {
      times: [ready],
      most: 5000,
      notes: [`all of it recorded after ${milliseconds(recorded)}`],
    }),
    figureRow('… peak memory of the engine', { value: memoryOf(gantry.pid, 'peak'), unit: 'MB', most: 500 }),
  ]
}

function giveAway(folder: string, uid: number): void {
  chownSync(folder, uid, uid)
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    chownSync(join(entry.parentPath, entry.name), uid, uid)
  }
}
