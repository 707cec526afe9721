/** Writes, enables and starts systemd units, and takes them away again. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { entryUrl } from '../protocol/entries.ts'
import { CliError, usageError } from './failure.ts'
import { unitName, unitText } from './unit.ts'
import type { Installed } from './unit.ts'

export interface InstallFlags {
  readonly dryRun: boolean
  /** Another system's root folder; this one's where absent. */
  readonly root?: string
}

const folders: Readonly<Record<Installed, string>> = { engine: '/var/lib/gantry', agent: '/var/lib/gantry-agent' }
/** They are for joining, which happens once, before the unit is written: no unit holds a token. */
const joiningFlags: ReadonlySet<string> = new Set(['--token', '--token-file'])
const say = (line: string): void => void process.stdout.write(`gantry: ${line}\n`)

export async function runInstall(
  kind: Installed,
  given: { words: readonly string[]; flags: InstallFlags; check: (words: readonly string[]) => readonly string[] },
): Promise<void> {
  const { flags } = given
  const [unknown] = given.check(given.words)
  if (unknown !== undefined)
    throw usageError(`gantry ${kind} has no ${JSON.stringify(unknown)}`, `see gantry ${kind} --help`)
  const words = given.words.some(word => /^--data(=|$)/.test(word))
    ? given.words
    : ['--data', folders[kind], ...given.words]
  const program = [process.execPath, fileURLToPath(entryUrl('gantry')), kind]
  const file = unitFile(kind, flags)
  const text = unitText(kind, { command: [...program, ...withoutTokens(words)] })
  if (flags.dryRun) {
    process.stdout.write(`# ${file}\n${text}`)
    for (const command of commands(kind, flags)) process.stdout.write(`# then: ${command.join(' ')}\n`)
    return
  }
  requireRoot(flags)
  if (kind === 'agent' && (hasToken(words) || process.env['GANTRY_JOIN_TOKEN'] !== undefined))
    await joinFirst(program, words)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text, { mode: 0o644 })
  say(`wrote ${file}`)
  for (const command of commands(kind, flags)) await systemctl(command)
  say(flags.root === undefined ? `${unitName(kind)} runs; journalctl -u ${unitName(kind)} shows its output` : 'enabled')
}

export async function runUninstall(kind: Installed, flags: InstallFlags): Promise<void> {
  const file = unitFile(kind, flags)
  if (!existsSync(file)) throw new CliError(`${file} does not exist: gantry ${kind} is not installed`)
  const disable = ['disable', ...(flags.root === undefined ? ['--now'] : [`--root=${flags.root}`]), unitName(kind)]
  const reload = flags.root === undefined ? [['daemon-reload']] : []
  if (flags.dryRun) {
    process.stdout.write(`# systemctl ${disable.join(' ')}\n# rm ${file}\n`)
    return
  }
  requireRoot(flags)
  const state = /--data[= ]"?([^"\s]+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? folders[kind]
  await systemctl(['systemctl', ...disable])
  await rm(file)
  for (const words of reload) await systemctl(['systemctl', ...words])
  say(`removed ${file}; ${state} stays, and so do the pods (gantry down --data ${state} stops them)`)
}

function unitFile(kind: Installed, { root = '/' }: InstallFlags): string {
  return join(root, 'etc/systemd/system', unitName(kind))
}

function commands(kind: Installed, { root }: InstallFlags): readonly (readonly string[])[] {
  const unit = unitName(kind)
  if (root !== undefined) return [['systemctl', 'enable', `--root=${root}`, unit]]
  return [
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', unit],
    // One that runs already takes the new flags.
    ['systemctl', 'restart', unit],
  ]
}

function requireRoot({ root }: InstallFlags): void {
  if (root !== undefined) return
  if (process.getuid?.() !== 0) throw new CliError('only root may install a unit', { remedy: 'run it with sudo' })
  if (existsSync('/run/systemd/system')) return
  throw new CliError('systemd does not run on this machine', {
    remedy: 'start gantry by what does, with what --dry-run shows',
  })
}

async function systemctl([program = '', ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args).catch((error: Error & { stderr?: string }) => {
    const why = error.stderr?.trim() ?? error.message
    throw new CliError(`${[program, ...args].join(' ')} fails: ${why}`, { cause: error })
  })
}

function hasToken(words: readonly string[]): boolean {
  return words.some(word => joiningFlags.has(word.split('=', 1)[0] ?? ''))
}

function withoutTokens(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => {
    const isFlag = joiningFlags.has(word.split('=', 1)[0] ?? '')
    return !isFlag && !joiningFlags.has(words[index - 1] ?? '')
  })
}

/** Lets the agent join and end. */
async function joinFirst(program: readonly string[], words: readonly string[]): Promise<void> {
  const [node = '', ...args] = [...program, ...words, '--join-only']
  const [code] = (await once(spawn(node, args, { stdio: 'inherit' }), 'exit')) as [number | null]
  if (code !== 0) throw new CliError('this machine has not joined, so nothing was installed')
}
