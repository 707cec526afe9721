/** `gantry agent`: makes this machine a node of a cluster and runs its pods, until Ctrl-C; the pods run on. */
import { homedir } from 'node:os'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { version } from '../../machine/version.ts'
import { nodeArguments } from '../node-options.ts'
import { entryUrl } from '../protocol/entries.ts'
import { CliError } from './failure.ts'
import { nodeOptions, withNodeFlags } from './node-flags.ts'
import type { NodeFlags } from './node-flags.ts'

interface AgentFlags extends NodeFlags {
  readonly join?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly name?: string
  readonly data?: string
  readonly joinOnly: boolean
}

export function addAgentCommand(program: Command): void {
  withNodeFlags(program.command('agent'), '0.0.0.0')
    .description('make this machine a node of a cluster and run its pods, until Ctrl-C; the pods run on')
    .option('--join <host:port>', 'the engine; needed the first time')
    .option('--token <token>', 'from gantry token create, or in GANTRY_JOIN_TOKEN; needed the first time')
    .option('--token-file <file>', 'a file that holds the token')
    .option('--name <node>', "the node's name (this machine's)")
    .option('--data <folder>', 'where the agent keeps its state (~/.local/state/gantry-agent)')
    .addOption(new Option('--join-only', 'join and end: what gantry install does first').default(false).hideHelp())
    .action(async (flags: AgentFlags) => {
      const token = tokenOf(flags)
      if (token !== undefined) process.env['GANTRY_JOIN_TOKEN'] = token
      // The agent is a program of its own: this process becomes it.
      process.argv = [process.argv[0] ?? 'node', 'agent', ...agentArguments(flags)]
      await import(entryUrl('agent').href)
    })
}

function agentArguments(flags: AgentFlags): string[] {
  const { join: engine, name } = flags
  return [
    ...['--data', agentFolder(flags), '--version', version, ...nodeArguments(nodeOptions(flags))],
    ...(engine === undefined ? [] : ['--join', engine]),
    ...(name === undefined ? [] : ['--node-name', name]),
    ...(flags.joinOnly ? ['--join-only'] : []),
  ]
}

/** `--data`, or a folder where programs of this user keep their state. */
export function agentFolder({ data }: { readonly data?: string }): string {
  if (data !== undefined) return resolve(data)
  const state = process.env['XDG_STATE_HOME'] ?? ''
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'gantry-agent')
}

function tokenOf({ token, tokenFile }: AgentFlags): string | undefined {
  if (token !== undefined || tokenFile === undefined) return token
  try {
    return readFileSync(tokenFile, 'utf8').trim()
  } catch (cause) {
    throw new CliError(`cannot read the token: ${(cause as Error).message}`, { cause, remedy: 'see --token-file' })
  }
}
