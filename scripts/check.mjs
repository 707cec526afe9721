// npm run check: types, lint, format, the direction of imports, and that generated tables are true.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { prepare } from './prepare.mjs'

process.chdir(new URL('..', import.meta.url).pathname)
prepare(line => process.stdout.write(`check: ${line}\n`))

const checks = [
  ['types', 'node_modules/.bin/tsc', ['--project', '.']],
  ['lint', 'node_modules/.bin/oxlint', ['--deny-warnings']],
  ['format', 'node_modules/.bin/oxfmt', ['--check', '.']],
  ['imports', process.execPath, ['scripts/check-imports.mjs']],
  ['support table', process.execPath, ['scripts/support-table.mjs', '--check']],
]
let failed = 0
for (const [name, program, args] of checks) {
  if (args[0]?.endsWith('.mjs') && !existsSync(args[0])) throw new Error(`${args[0]} is missing`)
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}\n`)
  if (status === 0) continue
  failed++
  process.stdout.write(`${stdout}${stderr}\n`)
}
process.exit(failed === 0 ? 0 : 1)
