/** The agent's program: `agent --data DIR …`. `gantry up` starts it; with `--down` it stops the node's pods and ends. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { holdFolder } from '../machine/hold.ts'
import { makePrivateFolder } from '../machine/files.ts'
import { startAgent } from './agent.ts'
import { loadAssignments } from './assignments.ts'
import { destroyParts, startParts } from './parts.ts'
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
  log: pino({ name: 'agent', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }),
}

let leave = (): void => process.exit()
await makePrivateFolder(folder)
// An agent whose engine was killed runs on: the new one takes its place, and its pods.
await holdFolder(folder, { holder: 'the agent', takeOver: true, onAsked: () => leave() })
if (values.down) await down()
else await run()

async function run(): Promise<void> {
  const agent = await startAgent({ ...options, engineSocket: required('engine-socket'), version: values.version })
  leave = () => {
    void agent.close().then(() => process.exit())
  }
  process.on('SIGTERM', leave)
  // Ctrl-C reaches the whole terminal; the engine tells its agent when to go.
  process.on('SIGINT', () => {})
}

/** Knows its pods from what the engine last said, so it needs no engine. */
async function down(): Promise<void> {
  const assignments = await loadAssignments(join(folder, 'assignments.json'), options.nodeName)
  if (assignments === undefined) return
  await destroyParts(await startParts(assignments.settings, { ...options, send: () => {} }))
}

function required(name: 'data' | 'engine-socket' | 'node-name'): string {
  const value = values[name]
  if (value === undefined) throw new Error(`--${name} is missing; \`gantry up\` starts the agent with everything it needs`)
  return value
}
