// npm test: installs, builds, runs every test that this machine can, and names those that it cannot.
//   --setup     (root on Debian) installs and starts what is missing first, and removes it again
//   --strict    a test that cannot run here fails (CI)
//   anything else goes to vitest: npm test -- engine/api
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { setUp } from './setup.mjs'

process.chdir(new URL('..', import.meta.url).pathname)
const say = line => process.stdout.write(`test: ${line}\n`)
const flags = new Set(process.argv.slice(2).filter(word => word === '--setup' || word === '--strict'))
const rest = process.argv.slice(2).filter(word => !flags.has(word))

prepare(say)
const setup = flags.has('--setup') ? await setUp(say) : { env: {}, within: [], tearDown: async () => {} }
const folder = mkdtempSync(join(tmpdir(), 'gantry-test-'))
let code = 1
try {
  code = await vitest(join(folder, 'results.json'))
  // Whoever ended it wants no count of what it did.
  if (existsSync(join(folder, 'results.json'))) code = summarize(join(folder, 'results.json')) && code === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
  await setup.tearDown()
}
process.exit(code)

function vitest(results) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const node = [...setup.within, process.execPath]
  const child = spawn(node[0], [...node.slice(1), 'node_modules/vitest/vitest.mjs', 'run', ...reporters, ...rest], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...setup.env, ...(flags.has('--strict') ? { GANTRY_TEST_STRICT: '1' } : {}) },
  })
  process.on('SIGINT', () => child.kill('SIGINT'))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise(resolve => child.once('exit', status => resolve(status ?? 1)))
}

/** Counts, and names what could not run here, by reason. False where a test failed or none ran. */
function summarize(path) {
  const tests = JSON.parse(readFileSync(path, 'utf8')).testResults.flatMap(file => file.assertionResults)
  const count = status => tests.filter(test => test.status === status).length
  const skipped = tests.filter(test => test.status === 'pending' || test.status === 'skipped' || test.status === 'todo')
  const byReason = new Map()
  for (const test of skipped) {
    const reason = /\[skipped, needs (.*?)\]/.exec(test.fullName)?.[1] ?? 'skipped in the code'
    byReason.set(reason, [...(byReason.get(reason) ?? []), test.fullName.replace(/ \[skipped.*?\]/, '')])
  }
  for (const [reason, names] of byReason) {
    process.stdout.write(
      `\n${names.length} could not run here (${reason}):\n${names.map(name => `  ${name}\n`).join('')}`,
    )
  }
  process.stdout.write(`\n${count('passed')} passed, ${count('failed')} failed, ${skipped.length} skipped\n`)
  return count('passed') > 0 && count('failed') === 0
}
