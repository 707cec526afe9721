// npm run bench: installs, builds, measures, and prints each figure beside its target.
//   npm run bench -- NAME…   only these groups of rows
//   npm run bench -- --list  what groups there are
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { fail, prepare } from './prepare.mjs'

const ending = '.bench.ts'

process.chdir(new URL('..', import.meta.url).pathname)
if (process.send) await runGroup(process.argv[2])
else await main()

async function main() {
  const { values, positionals } = parseArgs({ options: { list: { type: 'boolean' } }, allowPositionals: true })
  const say = line => process.stderr.write(`bench: ${line}\n`)
  const files = readdirSync('test/bench').filter(name => name.endsWith(ending))
  const groups = files.map(name => name.slice(0, -ending.length))
  if (values.list) {
    process.stdout.write(`${groups.join('\n')}\n`)
    return
  }
  const unknown = positionals.find(name => !groups.includes(name))
  if (unknown !== undefined) fail(`there are no rows ${JSON.stringify(unknown)}; there are: ${groups.join(', ')}`)
  prepare(say)
  // As far from dist/ as a source file is: the engine finds its programs from there.
  const folder = mkdtempSync('node_modules/.gantry-bench-')
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort())
  let failed = false
  try {
    await compile(files, folder)
    const rows = []
    for (const name of positionals.length > 0 ? positionals : groups) {
      if (stop.signal.aborted) break
      say(`${name} …`)
      const result = await startGroup(join(folder, `${name}.bench.mjs`), stop.signal)
      rows.push(...result.rows.map(row => ({ group: name, ...row })))
      failed ||= result.failed
    }
    process.stdout.write(`\n${machine()}\n\n${table(rows)}\n`)
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (failed || stop.signal.aborted) process.exitCode = 1
}

function compile(files, outdir) {
  return build({
    entryPoints: files.map(name => join('test/bench', name)),
    outdir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
}

/** A process of its own for each group, so that none inherits another's heap or compiled code. */
async function startGroup(file, signal) {
  const child = fork(fileURLToPath(import.meta.url), [resolve(file)], { detached: true })
  // It ends what it started before it ends itself.
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  let result = { rows: [], failed: true }
  child.on('message', message => (result = message))
  await once(child, 'exit')
  signal.removeEventListener('abort', stop)
  return result
}

async function runGroup(file) {
  const { bench } = await import(pathToFileURL(file).href)
  const closers = []
  const close = async () => {
    for (let next = closers.pop(); next; next = closers.pop()) await next()
  }
  process.once('SIGTERM', () => void close().finally(() => process.exit(1)))
  try {
    const why = bench.refused?.()
    const rows = why === undefined ? await bench.run(closer => closers.push(closer)) : [notRun(why)]
    process.send({ rows, failed: false })
  } catch (error) {
    process.send({ rows: [notRun(error.stack ?? String(error))], failed: true })
  } finally {
    await close()
  }
  process.disconnect()
}

function notRun(why) {
  return { what: 'not measured', target: '', measured: '', runs: 0, notes: [why] }
}

function machine() {
  const versions = [
    ['linux', release()],
    ['node', process.version],
    ['git', version('git', ['version'])],
    ['docker', version('docker', ['version', '--format', '{{.Server.Version}}'])],
  ]
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const hardware = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory}`
  return `${hardware}; ${versions.map(([name, text]) => `${name} ${text}`).join(', ')}`
}

function version(program, args) {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+\S*/.exec(text)?.[0] ?? text.trim()
  } catch {
    return 'absent'
  }
}

function table(rows) {
  const lines = rows.map(({ group, what, target, measured, met, runs, notes }) => [
    group,
    what,
    target,
    measured,
    met === undefined ? '' : met ? 'met' : 'MISSED',
    runs > 1 ? `${runs} runs` : '',
    notes.join('; '),
  ])
  const head = ['rows', 'what', 'target', 'measured', '', '', '']
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map(line => line[column].length)))
  return [head, ...lines]
    .map(line =>
      line
        .map((cell, column) => (column === 6 ? cell : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
