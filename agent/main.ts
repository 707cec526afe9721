/** The agent's program: `agent --data DIR …`. `gantry up` starts it; with `--down` it stops the node's pods and ends. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { holdFolder } from '../machine/hold.ts'
import { makePrivateFolder, writeFileDurably } from '../machine/files.ts'
import { journalName, startAgent } from './agent.ts'
import { readJournal } from './journal.ts'
import { destroyParts, startParts } from './parts.ts'
import type { PartsOptions } from './parts.ts'
import { dockerSocketOf } from './runtimes.ts'
import type { RuntimeChoice } from './runtimes.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    'engine-socket': { type: 'string' },
    'node-name': { type: 'string' },
    'node-address': { type: 'string', default: '127.0.0.1' },
    runtime: { type: 'string', default: 'auto' },
    version: { type: 'string', default: '0' },
    down: { type: 'boolean', default: false },
  },
})

const folder = required('data')
const options = {
  folder,
  nodeName: required('node-name'),
  nodeAddress: values['node-address'],
  runtime: values.runtime as RuntimeChoice,
  dockerSocket: dockerSocketOf(process.env['DOCKER_HOST']),
  log: pino({ name: 'agent', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }),
}

/** What the last agent of this folder ran with. */
const startedWith = join(folder, 'started-with.json')
let leave = (): void => process.exit()
// What volumes hold is for the containers' users to read, whatever the umask of the shell that started Gantry.
process.umask(0o022)
await makePrivateFolder(folder)
// An agent whose engine was killed runs on: the new one takes its place, and its pods.
await holdFolder(folder, { holder: 'the agent', takeOver: true, onAsked: () => leave() })
process.on('uncaughtException', end)
await (values.down ? down() : run()).catch(end)

async function run(): Promise<void> {
  await writeFileDurably(
    startedWith,
    JSON.stringify({ runtime: options.runtime, dockerSocket: options.dockerSocket }),
    {
      mode: 0o600,
    },
  )
  const agent = await startAgent({
    ...options,
    engineSocket: required('engine-socket'),
    version: values.version,
    onFatal: end,
  })
  leave = () => {
    void agent.close().then(() => process.exit())
  }
  process.on('SIGTERM', leave)
  // Ctrl-C reaches the whole terminal; the engine tells its agent when to go.
  process.on('SIGINT', () => {})
}

/** In one line on stderr: whoever started the agent shows it to a person. */
function end(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

/** Knows its pods from what the engine last said, so it needs no engine. */
async function down(): Promise<void> {
  const assignments = await readJournal(join(folder, journalName), options.nodeName)
  if (assignments === undefined) return
  // The same runtimes, whatever the environment of this command says.
  const before = JSON.parse(await readFile(startedWith, 'utf8')) as Pick<PartsOptions, 'runtime' | 'dockerSocket'>
  const parts = await startParts(assignments.settings, { ...options, ...before, send: () => {}, onReport: () => {} })
  parts.pods.apply(assignments)
  await destroyParts(parts)
}

function required(name: 'data' | 'engine-socket' | 'node-name'): string {
  const value = values[name]
  if (value === undefined)
    throw new Error(`--${name} is missing; \`gantry up\` starts the agent with everything it needs`)
  return value
}
