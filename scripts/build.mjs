// Builds dist/: the generated schemas, then the programs.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'

const entries = {
  gantry: 'engine/cli/main.ts',
  agent: 'agent/main.ts',
  proxy: 'agent/proxy/main.ts',
  'render-worker': 'engine/render/worker.ts',
}

if (existsSync('scripts/generate-schemas.mjs')) {
  const { generateSchemas } = await import('./generate-schemas.mjs')
  await generateSchemas()
}
const present = Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path)))
mkdirSync('dist', { recursive: true })
const { metafile } = await build({
  entryPoints: present,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
  metafile: true,
})
// Chunks of earlier builds go last, so that a program that starts meanwhile finds its own.
const built = new Set(Object.keys(metafile.outputs).map(path => basename(path)))
for (const name of readdirSync('dist')) if (!built.has(name)) rmSync(`dist/${name}`, { recursive: true })
