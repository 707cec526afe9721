// npm run lab: several machines on this one, each a set of namespaces, with an engine and nodes to play with.
//   npm run lab -- --nodes 3 --docker 1   how many nodes, and how many of them have a Docker Engine
import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { fail, prepare } from './prepare.mjs'

process.chdir(new URL('..', import.meta.url).pathname)
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '3' }, docker: { type: 'string', default: '0' } },
})
const [nodes, docker] = [values.nodes, values.docker].map(Number)
if (!(nodes >= 1 && nodes <= 50 && docker >= 0 && docker <= nodes)) {
  fail(`--nodes must be from 1 to 50 and --docker no more than that, not ${values.nodes} and ${values.docker}`)
}
if (process.getuid?.() !== 0) fail('a lab makes namespaces and interfaces: run it as root')
prepare(line => process.stdout.write(`lab: ${line}\n`))

const { play } = await load()
await play({ nodes, docker })

async function load() {
  // As far from dist/ as a source file is: the lab finds Gantry's programs from there.
  const folder = mkdtempSync('node_modules/.gantry-lab-')
  try {
    const outfile = join(folder, 'play.mjs')
    const from = { entryPoints: ['test/lab/play.ts'], bundle: true, packages: 'external' }
    await build({ ...from, format: 'esm', platform: 'node', target: 'node20', outfile })
    return await import(pathToFileURL(resolve(outfile)).href)
  } finally {
    // It is in memory now, and a lab that is killed removes nothing.
    rmSync(folder, { recursive: true })
  }
}
