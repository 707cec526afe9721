// What a push costs before anything runs, by the size of the repository: `node test/bench/render.mjs` after a build.
// `--against <folder>` measures another checkout, built likewise, in turns with this one.
import { fork } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const { values: options } = parseArgs({
  options: {
    against: { type: 'string' },
    sizes: { type: 'string', default: '1000,10000,50000' },
    edits: { type: 'string', default: '40' },
  },
})
const here = fileURLToPath(new URL('../..', import.meta.url))
const checkouts = [...(options.against === undefined ? [] : [options.against]), here]
if (process.send) process.once('message', startCold)
else {
  const engines = await Promise.all(checkouts.map(load))
  for (const layout of ['a folder an app', 'one folder, one namespace']) {
    for (const size of options.sizes.split(',').map(Number)) {
      await measure(engines, { layout, size, edits: Number(options.edits) })
    }
  }
}

/** The first rendering, in a process of its own. */
async function startCold({ checkout, layout, size }) {
  const engine = await load(checkout)
  const repository = createRepository(layout, size)
  const before = process.memoryUsage().rss
  const side = { engine, renderer: engine.createRenderer(), cluster: new engine.Cluster({ startVersion: 0 }) }
  const begun = performance.now()
  apply(side, await push(side, repository))
  process.send({ cold: performance.now() - begun, memory: process.memoryUsage().rss - before })
  await side.renderer.close()
  process.disconnect()
}

async function cold(work) {
  const child = fork(fileURLToPath(import.meta.url))
  child.send(work)
  const [result] = await once(child, 'message')
  return result
}

/** The parts of a checkout that a push goes through, bundled beside this file, where they find `dist/`. */
async function load(checkout) {
  const outfile = join(checkout, `test/bench/.render-${process.pid}.mjs`)
  const contents = `
    export { createRenderer } from './engine/render/renderer.ts'
    export { plan } from './engine/plan/plan.ts'
    export { checkGuards } from './engine/plan/guards.ts'
    export { checkImmutable } from './engine/plan/immutable.ts'
    export { Cluster } from './engine/cluster/cluster.ts'`
  try {
    await build({
      stdin: { contents, resolveDir: checkout },
      outfile,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'warning',
    })
    return { checkout, ...(await import(pathToFileURL(outfile))) }
  } finally {
    await rm(outfile, { force: true })
  }
}

async function measure(engines, { layout, size, edits }) {
  const repository = createRepository(layout, size)
  const rows = []
  const sides = []
  for (const engine of engines) {
    const renderer = engine.createRenderer()
    const cluster = new engine.Cluster({ startVersion: 0 })
    const start = await cold({ checkout: engine.checkout, layout, size })
    const side = { ...start, engine, renderer, cluster, edit: [], render: [], plan: [], same: [] }
    sides.push(side)
    apply(side, await push(side, repository))
    await push(side, repository)
  }
  for (let edit = 1; edit <= edits; edit++) {
    repository.edit((edit * 7919) % (size / 4), edit)
    // Whoever comes first pays for waking the caches: take turns.
    for (const side of edit % 2 === 0 ? sides : sides.toReversed()) {
      const begun = performance.now()
      const planned = await push(side, repository)
      side.edit.push(performance.now() - begun)
      side.render.push(planned.rendered - begun)
      side.plan.push(performance.now() - planned.rendered)
      if (planned.steps.length !== 1) throw new Error(`${planned.steps.length} steps for one edit`)
      apply(side, planned)
      await push(side, repository)
      const again = performance.now()
      await push(side, repository)
      side.same.push(performance.now() - again)
    }
  }
  for (const side of sides) {
    await side.renderer.close()
    rows.push({
      layout,
      manifests: size,
      checkout: side.engine.checkout === here ? 'this' : 'against',
      'cold ms': Math.round(side.cold),
      'cold MiB': Math.round(side.memory / 2 ** 20),
      'edit ms (p50, p99)': spread(side.edit),
      'of it render': spread(side.render),
      plan: spread(side.plan),
      'unchanged ms': spread(side.same),
    })
  }
  console.table(rows)
}

/** Render and plan, as a push does it before it is accepted. */
async function push({ engine, renderer, cluster }, { objects, tree }) {
  const { manifests, problems, settings } = await renderer.render({ objects, tree: tree() })
  const rendered = performance.now()
  const wrong = problems.find(({ severity }) => severity === 'error')
  if (wrong !== undefined) throw new Error(`${wrong.file}:${wrong.line}: ${wrong.message}`)
  const planned = engine.plan(cluster, manifests)
  engine.checkImmutable(planned)
  engine.checkGuards(planned, cluster, { settings, messages: [''] })
  return { ...planned, rendered }
}

function apply({ cluster }, { steps }) {
  const env = { now: 0, newId: randomUUID, random: () => 0.5 }
  cluster.apply(
    steps.map(({ after }) => ({ kind: 'put', object: after })),
    env,
  )
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(2)
  return `${at(0.5)}, ${at(0.99)}`
}

/** A quarter of the manifests each: Deployments, Services, ConfigMaps, ServiceAccounts, a hundred apps a namespace. */
function createRepository(layout, size) {
  const apps = size / 4
  const store = new Map()
  const put = value => {
    const oid = createHash('sha1')
      .update(Array.isArray(value) ? JSON.stringify(value) : value)
      .digest('hex')
    store.set(oid, value)
    return oid
  }
  const blob = (name, text) => ({ name, kind: 'file', oid: put(Buffer.from(text)) })
  const folder = (name, entries) => ({ name, kind: 'tree', oid: put(entries) })
  const flat = layout !== 'a folder an app'
  const namespaceOf = app => (flat ? 'apps' : `team-${Math.floor(app / 100)}`)
  const filesOf = (app, version) =>
    documents(`app-${app}`, { namespace: namespaceOf(app), version }).map(([kind, text]) =>
      blob(flat ? `app-${app}-${kind}.yaml` : `${kind}.yaml`, text),
    )
  const namespaces = [...new Set(Array.from({ length: apps }, (_, app) => namespaceOf(app)))]
  const declared = blob(
    'namespaces.yaml',
    namespaces.map(name => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`).join('---\n'),
  )
  const files = Array.from({ length: apps }, (_, app) => filesOf(app, 0))
  const teams = new Map(namespaces.map(name => [name, []]))
  if (!flat) files.forEach((own, app) => teams.get(namespaceOf(app)).push(folder(`app-${app}`, own)))
  let tree
  const commit = () => {
    const inside = flat ? files.flat() : [...teams].map(([name, entries]) => folder(name, entries))
    tree = put([declared, ...inside])
  }
  commit()
  return {
    tree: () => tree,
    edit(app, version) {
      files[app] = filesOf(app, version)
      if (!flat) teams.get(namespaceOf(app))[app % 100] = folder(`app-${app}`, files[app])
      commit()
    },
    objects: {
      readCommit: async () => Promise.reject(new Error('there are only trees')),
      readTree: async oid => store.get(oid),
      readBlob: async oid => store.get(oid),
      blobSize: async oid => store.get(oid).length,
    },
  }
}

function documents(name, { namespace, version }) {
  const head = (apiVersion, kind) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n`
  return [
    ['config', `${head('v1', 'ConfigMap')}data:\n  greeting: hello\n`],
    [
      'deployment',
      `${head('apps/v1', 'Deployment')}  labels: { app: ${name} }
spec:
  replicas: 0
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata:
      labels: { app: ${name}, tier: web }
    spec:
      serviceAccountName: ${name}
      containers:
        - name: web
          image: registry.example/${name}:v${version}
          ports: [{ name: http, containerPort: 8080 }]
          env:
            - { name: GREETING, valueFrom: { configMapKeyRef: { name: ${name}, key: greeting } } }
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 64Mi } }
          readinessProbe: { httpGet: { path: /ready, port: http } }
`,
    ],
    [
      'service',
      `${head('v1', 'Service')}spec:\n  selector: { app: ${name} }\n  ports: [{ port: 80, targetPort: http }]\n`,
    ],
    ['zaccount', `${head('v1', 'ServiceAccount')}automountServiceAccountToken: false\n`],
  ]
}
