/** What a push costs before anything runs, by the form of the repository and its size: render, plan and the guards. */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Cluster } from '../../engine/cluster/cluster.ts'
import { checkGuards } from '../../engine/plan/guards.ts'
import { checkImmutable } from '../../engine/plan/immutable.ts'
import { plan } from '../../engine/plan/plan.ts'
import type { Plan } from '../../engine/plan/step.ts'
import { createRenderer, type Renderer } from '../../engine/render/renderer.ts'
import { createKeyRing, type KeyRing } from '../../engine/render/sops/key-ring.ts'
import { median, milliseconds, percentile, timed } from './bench.ts'
import type { Bench, Row } from './bench.ts'
import { MemoryTree } from './memory-tree.ts'
import { forms, type FormName } from './repository-forms.ts'
import { identities } from './sealing.ts'
import { memoryOf } from './usage.ts'

const sizes = [1_000, 10_000, 50_000]
/** The size that targets.md speaks of. */
const targetSize = 10_000
const edits = 40
const appsOfTeam = 100

/** What one repository took; times in milliseconds, one for each edit. */
interface Measured {
  readonly cold: number
  readonly coldCpu: number
  readonly megabytes: number
  readonly edit: readonly number[]
  readonly render: readonly number[]
  readonly cpu: readonly number[]
  readonly same: readonly number[]
  /** Of what a team shares: all its apps change. None where it shares nothing that could. */
  readonly shared: readonly number[]
  readonly reads: { readonly trees: number; readonly blobs: number }
}

export const bench: Bench = {
  async run() {
    const rows: Row[] = []
    for (const form of Object.keys(forms)) {
      const measured: Measured[] = []
      for (const size of sizes) measured.push(await inOwnProcess(form, size))
      rows.push(...rowsOf(form, measured))
    }
    return rows
  },
}

/** So that each begins cold. */
async function inOwnProcess(form: string, size: number): Promise<Measured> {
  const child = fork(fileURLToPath(import.meta.url), [form, String(size)])
  let measured: Measured | undefined
  child.once('message', (message: Measured) => (measured = message))
  const [code] = await once(child, 'exit')
  if (measured === undefined) throw new Error(`${form}, ${size} manifests: ended with ${code}`)
  return measured
}

function rowsOf(form: string, measured: readonly Measured[]): Row[] {
  const target = measured[sizes.indexOf(targetSize)]
  const row = (what: string, { most, of }: { most?: number; of: (each: Measured) => number }): Row => ({
    what: `${form}: ${what}`,
    target: most === undefined ? '–' : `≤ ${milliseconds(most)}`,
    measured: measured.map(each => milliseconds(of(each))).join(' / '),
    runs: 1,
    ...(most === undefined || target === undefined ? {} : { met: of(target) <= most }),
    notes: [],
  })
  const noted = (made: Row, note: (each: Measured) => string): Row => ({
    ...made,
    notes: [measured.map(note).join(' / ')],
  })
  const counts = sizes.map(size => size.toLocaleString('en')).join(' / ')
  return [
    noted(
      row(`cold start, ${counts} manifests`, { most: 5_000, of: ({ cold }) => cold }),
      ({ coldCpu, megabytes }) => `CPU ${milliseconds(coldCpu)}, ${Math.round(megabytes)} MB`,
    ),
    noted(
      row('a one-file edit, p99', { most: 50, of: ({ edit }) => percentile(sorted(edit), 'p99') }),
      ({ edit, render, cpu, reads }) =>
        `p50 ${milliseconds(median(edit))}, of it render ${milliseconds(median(render))}, CPU ${milliseconds(median(cpu))}, ${reads.trees} trees and ${reads.blobs} blobs read`,
    ),
    row('nothing changed, p99', { most: 5, of: ({ same }) => percentile(sorted(same), 'p99') }),
    ...(measured.some(({ shared }) => shared.length > 0)
      ? [row(`an edit of what ${appsOfTeam} apps share, p50`, { of: ({ shared }) => median(shared) })]
      : []),
  ]
}

function sorted(times: readonly number[]): readonly number[] {
  return times.toSorted((a, b) => a - b)
}

class Repository {
  readonly tree = new MemoryTree()
  readonly apps: number
  readonly #form: FormName

  private constructor(form: FormName, size: number) {
    this.#form = form
    this.apps = size / 4
  }

  static async of(form: FormName, size: number): Promise<Repository> {
    const repository = new Repository(form, size)
    for (let app = 0; app < repository.apps; app += appsOfTeam) repository.editShared(app, 0)
    for (let app = 0; app < repository.apps; app++) repository.#write(await forms[form].own(appOf(app, 0)))
    return repository
  }

  async edit(app: number, version: number): Promise<void> {
    const files = await forms[this.#form].own(appOf(app % this.apps, version))
    this.#write(files.slice(0, 1))
  }

  editShared(app: number, version: number): void {
    this.#write(forms[this.#form].shared(teamOf(app % this.apps), version))
  }

  #write(files: readonly (readonly [string, string])[]): void {
    for (const [path, text] of files) this.tree.write(path, text)
  }
}

function teamOf(app: number): string {
  return `team-${Math.floor(app / appsOfTeam)}`
}

function appOf(app: number, version: number): { name: string; team: string; version: number } {
  return { name: `app-${app}`, team: teamOf(app), version }
}

class Side {
  readonly #repository: Repository
  readonly #renderer: Renderer
  readonly #cluster = new Cluster({ startVersion: 0 })
  rendered = 0

  constructor(repository: Repository, keyRing: KeyRing) {
    this.#repository = repository
    this.#renderer = createRenderer({ keyRing })
  }

  /** What is done with a commit before it is accepted. */
  async push(): Promise<Plan> {
    const { tree } = this.#repository
    const begun = performance.now()
    const { manifests, problems, settings } = await this.#renderer.render({
      objects: tree.objects,
      tree: tree.commit(),
      time: 0,
    })
    this.rendered = performance.now() - begun
    const wrong = problems.find(({ severity }) => severity === 'error')
    if (wrong !== undefined) throw new Error(`${wrong.file}:${wrong.line}: ${wrong.message}`)
    const planned = plan(this.#cluster, manifests)
    checkImmutable(planned)
    checkGuards(planned, this.#cluster, { settings, messages: [''] })
    return planned
  }

  apply({ steps }: Plan): void {
    this.#cluster.apply(
      steps.flatMap(step => ('after' in step ? [{ kind: 'put' as const, object: step.after }] : [])),
      { now: 0, newId: randomUUID, random: () => 0.5 },
    )
  }

  close(): Promise<void> {
    return this.#renderer.close()
  }
}

async function measure(form: FormName, size: number): Promise<Measured> {
  const repository = await Repository.of(form, size)
  const { reads } = repository.tree
  const side = new Side(repository, createKeyRing({ identities, withoutKey: 'refuse' }))
  const before = memoryOf(process.pid, 'now')
  const begun = process.cpuUsage()
  const cold = await timed(async () => side.apply(await side.push()))
  const coldCpu = cpuSince(begun)
  const megabytes = memoryOf(process.pid, 'peak') - before
  const [edit, render, cpu]: [number[], number[], number[]] = [[], [], []]
  const [same, shared]: [number[], number[]] = [[], []]
  await side.push()
  for (let version = 1; version <= edits; version++) {
    await repository.edit(version * 7919, version)
    repository.tree.commit()
    Object.assign(reads, { trees: 0, blobs: 0 })
    const used = process.cpuUsage()
    let planned: Plan = { steps: [] }
    edit.push(await timed(async () => (planned = await side.push())))
    cpu.push(cpuSince(used))
    render.push(side.rendered)
    if (planned.steps.length !== forms[form].changes) throw new Error(`${planned.steps.length} steps for one edit`)
    side.apply(planned)
    await side.push()
    same.push(await timed(() => side.push()))
  }
  const counted = { ...reads }
  for (let version = 1; version <= edits / 4; version++) {
    repository.editShared(version * 7919, version)
    let planned: Plan = { steps: [] }
    const time = await timed(async () => (planned = await side.push()))
    if (planned.steps.length > 0) shared.push(time)
    side.apply(planned)
  }
  await side.close()
  return { cold, coldCpu, megabytes, edit, render, cpu, same, shared, reads: counted }
}

function cpuSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [form, size] = process.argv.slice(2)
  process.send(await measure(form as FormName, Number(size)))
  process.disconnect()
}
