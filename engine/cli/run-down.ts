/** Stops a cluster's pods: through the engine where it runs, else by its agent alone. */
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FolderHeld } from '../../machine/hold.ts'
import { isRecord, readJson } from '../../machine/json-file.ts'
import { version } from '../../machine/version.ts'
import { stopPods } from '../agent-process.ts'
import { openData } from '../data.ts'
import type { DataFolder } from '../data.ts'
import type { Node } from '../api/types.ts'
import { createClient } from './client.ts'
import type { Client } from './client.ts'
import { forgetConnection, readSaved } from './connection.ts'
import { agentFolder } from './agent.ts'
import { dataFolder } from './data-folder.ts'
import { CliError } from './failure.ts'

export interface DownFlags {
  readonly data?: string
  readonly name?: string
  readonly purge: boolean
}

/** How long the engine may take to end once its pods are stopped. */
const patience = 30_000

export async function runDown(flags: DownFlags): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`gantry: ${line}\n`)
  const folder =
    flags.data === undefined && flags.name === undefined ? (readSaved()?.data ?? dataFolder({})) : dataFolder(flags)
  if (!existsSync(join(folder, 'identity.json'))) {
    const agent = [folder, ...(flags.data === undefined ? [agentFolder({})] : [])].find(isAgents)
    if (agent !== undefined) return stopNode(agent, { purge: flags.purge, say })
    throw new CliError(`${folder} holds no cluster`, {
      remedy: 'name the data folder of gantry up, or of gantry agent, with --data',
    })
  }
  const data = (await openIdle(folder)) ?? (await stopEngine(folder, say))
  try {
    say(`stopping the pods of cluster ${data.identity.clusterName} …`)
    await stopPods({ folder: data.file('agent'), nodeName: hostname().toLowerCase(), version, onLog: say })
    forgetConnection(folder)
  } finally {
    await data.release()
  }
  if (flags.purge) await rm(folder, { recursive: true })
  say(flags.purge ? `nothing is left: ${folder} is removed` : `down; gantry up starts it again from ${folder}`)
}

/** What an agent that joined an engine elsewhere keeps of how it was started. */
const startedWith = 'started-with.json'

function isAgents(folder: string): boolean {
  return existsSync(join(folder, startedWith))
}

/** Stops the pods of a node whose engine is elsewhere, and its agent. The node stays one: its certificate is kept. */
async function stopNode(
  folder: string,
  { purge, say }: { purge: boolean; say: (line: string) => void },
): Promise<void> {
  const remedy = 'start the agent once more, then run gantry down again'
  const started = await readJson(join(folder, startedWith), { is: namesNode, remedy })
  if (started === undefined) throw new CliError(`${join(folder, startedWith)} is gone`, { remedy })
  const { nodeName } = started
  say(`stopping the pods of node ${nodeName} …`)
  await stopPods({ folder, nodeName, version, onLog: say })
  if (purge) await rm(folder, { recursive: true })
  say(purge ? `nothing is left: ${folder} is removed` : `down; gantry agent starts it again from ${folder}`)
}

function namesNode(value: unknown): value is { readonly nodeName: string } {
  return isRecord(value) && typeof value['nodeName'] === 'string'
}

/** The folder, where no engine holds it. */
async function openIdle(folder: string): Promise<DataFolder | undefined> {
  try {
    return await openData(folder, { clusterName: undefined })
  } catch (error) {
    if (error instanceof FolderHeld) return undefined
    throw error
  }
}

/** Pods of other machines are their agents' to stop. */
async function tellOthers(client: Client, say: (line: string) => void): Promise<void> {
  const { items } = await client.get<{ items: readonly Node[] }>('/api/v1/nodes')
  const others = items.map(({ metadata }) => metadata.name).filter(name => name !== hostname().toLowerCase())
  if (others.length === 0) return
  const names = others.length > 5 ? `${others.slice(0, 5).join(', ')} and ${others.length - 5} more` : others.join(', ')
  say(`the pods of other nodes keep running (${names}); gantry down on those machines stops them`)
}

async function stopEngine(folder: string, say: (line: string) => void): Promise<DataFolder> {
  say('stopping Gantry …')
  const server = readFileSync(join(folder, 'server'), 'utf8').trim()
  const token = readFileSync(join(folder, 'token'), 'utf8').trim()
  const client = createClient({ server, token })
  await tellOthers(client, say)
  await client.post('/gantry/v1/down', {})
  for (const deadline = Date.now() + patience; Date.now() < deadline;) {
    const data = await openIdle(folder)
    if (data !== undefined) return data
    await sleep(50)
  }
  throw new CliError(`Gantry does not end within ${patience / 1000} s`, { remedy: `see ${join(folder, 'gantry.log')}` })
}
