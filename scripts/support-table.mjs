// Prints what Gantry supports, as Markdown. `--write README.md` puts it between the markers there; `--check README.md`
// exits with 1 where it is out of date.
import { readFile, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { generateSchemas } from './generate-schemas.mjs'

const start = '<!-- support:start -->'
const end = '<!-- support:end -->'

const [mode, path = 'README.md'] = process.argv.slice(2)
if (mode === undefined) process.stdout.write(await supportTable())
else if (mode === '--write') await writeFile(path, await updated(path))
else if (mode === '--check') {
  if ((await readFile(path, 'utf8')) !== (await updated(path))) {
    console.error(
      `the table of kinds and fields in ${path} is out of date: run node scripts/support-table.mjs --write ${path}`,
    )
    process.exitCode = 1
  }
} else throw new Error(`unknown argument ${mode}; use --write FILE or --check FILE, or none to print`)

/** The file's text with the table as it is now. */
async function updated(path) {
  const text = await readFile(path, 'utf8')
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} has no ${start} … ${end} for the table; add them`)
  return `${text.slice(0, from + start.length)}\n\n${await supportTable()}\n${text.slice(to)}`
}

async function supportTable() {
  await generateSchemas()
  const { outputFiles } = await build({
    entryPoints: ['engine/api/support-table.ts'],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'warning',
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  const { supportTable: print } = await import(`data:text/javascript;base64,${code}`)
  return print()
}
