// Installs what package-lock.json asks for and builds dist/, each only where something changed since the last time.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'

const stamp = 'node_modules/.gantry-installed'
const sources = ['engine', 'agent', 'machine', 'scripts', 'package.json', 'package-lock.json']

/** @param {(line: string) => void} say */
export function prepare(say) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Gantry needs Node 20.19 or newer, this is ${process.version}; install a newer Node and try again`)
  }
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    say('installing dependencies (once; about half a minute) …')
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
    writeFileSync(stamp, lock)
  }
  const built = existsSync('dist/gantry.js') ? statSync('dist/gantry.js').mtimeMs : 0
  if (sources.some(path => newest(path) > built)) {
    say('building …')
    run(process.execPath, ['scripts/build.mjs'])
  }
}

/** The newest modification below a path, in milliseconds since 1970. */
function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path).reduce(
    (latest, name) => (name === 'generated' ? latest : Math.max(latest, newest(`${path}/${name}`))),
    0,
  )
}

function run(program, args) {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch {
    fail(`${program} ${args.join(' ')} failed: see its output above`)
  }
}

/** @returns {never} */
export function fail(message) {
  process.stderr.write(`error: ${message}\n`)
  process.exit(1)
}
