/** `gantry up`: engine, agent and proxy on this machine; `gantry engine`: the engine alone. Until Ctrl-C. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { defaultEnginePort, parseEngineAddress } from '../protocol/address.ts'
import type { EngineFlags } from './run-up.ts'
import { ageKeyHelp } from './age-key-help.ts'
import { dataFolder } from './data-folder.ts'
import { usageError } from './failure.ts'
import { nodeOptions, withNodeFlags } from './node-flags.ts'
import type { NodeFlags } from './node-flags.ts'
import { wholeNumber } from './whole-number.ts'

/** What commander read of the flags that both have; `run-up.ts` gets the checked ones. */
interface Flags {
  readonly repo?: string
  readonly branch: string
  readonly path?: string
  readonly name?: string
  readonly data?: string
  readonly port: string
  readonly tlsPort: string
  readonly listen: string
  readonly interval: string
  readonly registryConfig?: string
  readonly agentsListen?: string
  readonly tlsSan: readonly string[]
  readonly ageKeyFile?: string
  readonly certificateLifetime?: string
}

type UpFlags = Flags & NodeFlags
type EngineOnlyFlags = Flags & { readonly network: 'bridged' | 'loopback' }

export function addUpCommand(program: Command): void {
  withNodeFlags(withFlags(program.command('up')), '127.0.0.1')
    .description('run what a branch says on this machine, until Ctrl-C; the pods run on')
    .option('--agents-listen <address>', `let agents of other machines join here, say at 0.0.0.0:${defaultEnginePort}`)
    .action(async (flags: UpFlags) => {
      const { runEngine } = await import('./run-up.ts')
      await runEngine('gantry up', {
        ...checked(flags),
        agent: nodeOptions(flags),
        network: undefined,
      })
    })
}

export function addEngineCommand(program: Command): void {
  withFlags(program.command('engine'))
    .description('run the engine alone, until Ctrl-C: the pods run on the machines that join with gantry agent')
    .option('--agents-listen <address>', 'where agents join', `0.0.0.0:${defaultEnginePort}`)
    .addOption(
      new Option(
        '--network <mode>',
        'bridged: pods have addresses of their own, agents run as root; loopback: agents run as ordinary users',
      )
        .choices(['bridged', 'loopback'])
        .default('bridged'),
    )
    .action(async ({ network, ...flags }: EngineOnlyFlags) => {
      const { runEngine } = await import('./run-up.ts')
      await runEngine('gantry engine', { ...checked(flags), agent: undefined, network })
    })
}

function withFlags(command: Command): Command {
  return command
    .option('--repo <path|url>', 'the repository to follow; without it Gantry makes one and serves it')
    .option('--branch <name>', 'the branch to follow', 'main')
    .option('--path <folder>', 'follow only this folder of the branch')
    .option('--name <cluster>', "the cluster's name (hello, unless --data holds another)")
    .option('--data <folder>', 'where Gantry keeps its state (~/.local/state/gantry/<cluster>)')
    .option('--port <number>', 'for git, the API, health and metrics, on 127.0.0.1', '7420')
    .option('--tls-port <number>', 'the same over TLS, for kubectl', '7443')
    .option('--listen <address>', 'where the TLS port listens', '127.0.0.1')
    .option('--registry-config <file>', 'credentials for charts, as docker login writes them (~/.docker/config.json)')
    .option('--interval <seconds>', 'how often a repository elsewhere is read', '30')
    .option('--tls-san <name...>', "more names and addresses for the engine's certificate", [])
    .option('--age-key-file <file>', ageKeyHelp)
    .addOption(
      new Option('--certificate-lifetime <seconds>', 'for tests: how long certificates are good for').hideHelp(),
    )
}

function checked(flags: Flags): Omit<EngineFlags, 'agent' | 'network'> {
  const { agentsListen, certificateLifetime: lifetime } = flags
  return {
    ...flags,
    data: dataFolder(flags),
    port: wholeNumber('--port', flags.port, 65_535),
    tlsPort: wholeNumber('--tls-port', flags.tlsPort, 65_535),
    interval: wholeNumber('--interval', flags.interval, 86_400),
    agentsListen: agentsListen === undefined ? undefined : address(agentsListen),
    certificateLifetime: lifetime === undefined ? undefined : wholeNumber('--certificate-lifetime', lifetime, 86_400),
  }
}

function address(text: string): EngineFlags['agentsListen'] {
  try {
    return parseEngineAddress(text, '--agents-listen')
  } catch (error) {
    throw usageError((error as Error).message)
  }
}
