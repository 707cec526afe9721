/**
 * The agent's program. `gantry up` starts it on the engine's own machine, `gantry agent` on any other; with `--down` it
 * stops the node's pods and ends.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { holdFolder } from '../machine/hold.ts'
import { makePrivateFolder, writeFileDurably } from '../machine/files.ts'
import { isRecord, readJson } from '../machine/json-file.ts'
import { journalName, startAgent } from './agent.ts'
import type { AgentOptions } from './agent.ts'
import { parseReserved } from './allocatable.ts'
import { localAccess } from './engine-access.ts'
import { parseLabels, parseTaints } from './flags.ts'
import { readJournal } from './journal.ts'
import { defaultMode } from './network/create.ts'
import { ForeignInterface } from './network/bridge.ts'
import { destroyParts, podsFolder, startParts } from './parts.ts'
import type { PartsOptions } from './parts.ts'
import { createSpecStore } from './pods/spec-store.ts'
import { dockerSocketOf } from './runtimes.ts'
import type { RuntimeChoice } from './runtimes.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    'engine-socket': { type: 'string' },
    join: { type: 'string' },
    'node-name': { type: 'string' },
    'node-ip': { type: 'string' },
    'node-address': { type: 'string', default: '127.0.0.1' },
    runtime: { type: 'string', default: 'auto' },
    label: { type: 'string', multiple: true, default: [] },
    taint: { type: 'string', multiple: true, default: [] },
    'system-reserved': { type: 'string', default: '' },
    version: { type: 'string', default: '0' },
    down: { type: 'boolean', default: false },
    'join-only': { type: 'boolean', default: false },
  },
})

const folder = required('data')
const socket = values['engine-socket']
/** Not an argument: those are there for every user of the machine to read. And none of the pods' business. */
const token = process.env['GANTRY_JOIN_TOKEN']
delete process.env['GANTRY_JOIN_TOKEN']
let leave = (): void => process.exit()
// What volumes hold is for the containers' users to read, whatever the umask of the shell that started Gantry.
process.umask(0o022)
await makePrivateFolder(folder)
const log = openLog()
process.on('uncaughtException', end)
// An agent whose engine was killed runs on: the new one takes its place, and its pods.
await holdFolder(folder, { holder: 'the agent', takeOver: true, onAsked: () => leave() })
await (values.down ? down() : run()).catch(end)

/** The options that a run and its end have in common. */
function common(nodeName: string) {
  const dockerSocket = dockerSocketOf(process.env['DOCKER_HOST'])
  return {
    folder,
    nodeName,
    nodeIP: values['node-ip'],
    nodeAddress: values['node-address'],
    runtime: values.runtime as RuntimeChoice,
    dockerSocket,
    log,
  }
}

async function run(): Promise<void> {
  const labels = parseLabels(values.label)
  const taints = parseTaints(values.taint)
  const reserved = parseReserved(values['system-reserved'])
  const ending = new AbortController()
  leave = () => ending.abort()
  process.on('SIGTERM', () => leave())
  // Ctrl-C reaches the whole terminal: the engine of `gantry up` tells its agent when to go.
  process.on('SIGINT', () => {
    if (socket === undefined) leave()
  })
  const { nodeName, engine } = await access(ending.signal)
  if (values['join-only']) process.exit()
  const options = common(nodeName)
  const { runtime, dockerSocket } = options
  await writeFileDurably(startedWith(), JSON.stringify({ nodeName, runtime, dockerSocket }), { mode: 0o600 })
  const agent = await startAgent({
    ...options,
    engine,
    labels,
    taints,
    reserved,
    version: values.version,
    say,
    onFatal: end,
  })
  const stop = (): void => {
    void agent.close().then(() => process.exit())
  }
  leave = stop
  if (ending.signal.aborted) stop()
}

async function access(signal: AbortSignal): Promise<Pick<AgentOptions, 'nodeName' | 'engine'>> {
  if (socket !== undefined) return { nodeName: required('node-name'), engine: localAccess(socket) }
  signal.addEventListener('abort', () => process.exit(), { once: true })
  // The agent of the engine's own machine has no use for what certificates take in memory.
  const { openMembership } = await import('./identity/membership.ts')
  return openMembership({
    folder: join(folder, 'identity'),
    join: values.join,
    token,
    nodeName: values['node-name'],
    network: await defaultMode(),
    say,
    onError: error => log.error(error, 'the certificate is not renewed; trying again'),
  })
}

/** What the last agent of this folder ran with. */
function startedWith(): string {
  return join(folder, 'started-with.json')
}

/** The engine of `gantry up` has a log of its own. */
function say(line: string): void {
  if (socket === undefined) process.stdout.write(`gantry: ${line}\n`)
  else log.debug(line)
}

function openLog(): AgentOptions['log'] {
  const named = { name: 'agent', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }
  if (socket !== undefined || values.down) return pino(named)
  const destination = pino.destination({ dest: join(folder, 'agent.log'), append: true, mode: 0o600, sync: true })
  // Lines that a full disk has no room for are kept and written when there is.
  destination.on('error', () => {})
  return pino(named, destination)
}

/** In one line on stderr: whoever started the agent shows it to a person. */
function end(error: unknown): never {
  const prefix = socket === undefined && !values.down ? 'gantry: ' : ''
  process.stderr.write(`${prefix}${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

/** Knows its pods from what the engine last said, so it needs no engine. */
async function down(): Promise<void> {
  const nodeName = required('node-name')
  const assignments = await readJournal(join(folder, journalName), nodeName)
  if (assignments === undefined) return
  // The same runtimes, whatever the environment of this command says.
  const remedy = 'start the agent once more, then run gantry down again'
  const before = await readJson(startedWith(), { is: isStartedWith, remedy })
  if (before === undefined) throw new Error(`${startedWith()} is missing; ${remedy}`)
  const options = { ...common(nodeName), ...before, nodeName, send: () => {}, onReport: () => {} }
  const parts = await startParts(assignments.settings, options).catch(async (error: unknown) => {
    // Refused from the start, or taken down before and followed by another cluster: nothing here is this node's.
    if (error instanceof ForeignInterface && !(await holdsPods(folder))) return undefined
    throw error
  })
  if (parts === undefined) return
  parts.pods.apply(assignments)
  await destroyParts(parts)
}

async function holdsPods(nodeFolder: string): Promise<boolean> {
  return (await createSpecStore(podsFolder(nodeFolder)).load()).size > 0
}

function isStartedWith(value: unknown): value is Pick<PartsOptions, 'runtime' | 'dockerSocket'> {
  if (!isRecord(value)) return false
  const { runtime, dockerSocket } = value
  return ['auto', 'docker', 'process'].some(choice => choice === runtime) && typeof dockerSocket === 'string'
}

function required(name: 'data' | 'node-name'): string {
  const value = values[name]
  if (value === undefined) {
    throw new Error(`--${name} is missing; \`gantry up\` and \`gantry agent\` start the agent with everything it needs`)
  }
  return value
}
