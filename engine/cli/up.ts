/** `gantry up`: engine, agent and proxy on this machine, until Ctrl-C. */
import type { Command } from 'commander'
import { Option } from 'commander'
import type { UpOptions } from './run-up.ts'
import { dataFolder } from './data-folder.ts'
import { CliError } from './failure.ts'

/** What commander read; `run-up.ts` gets the checked options. */
type UpFlags = Omit<UpOptions, 'data' | 'port' | 'tlsPort' | 'interval'> & {
  readonly data?: string
  readonly port: string
  readonly tlsPort: string
  readonly interval: string
}

export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description('run what a branch says on this machine, until Ctrl-C; the pods run on')
    .option('--repo <path|url>', 'the repository to follow; without it Gantry makes one and serves it')
    .option('--branch <name>', 'the branch to follow', 'main')
    .option('--path <folder>', 'follow only this folder of the branch')
    .option('--name <cluster>', "the cluster's name (hello, unless --data holds another)")
    .option('--data <folder>', 'where Gantry keeps its state (~/.local/state/gantry/<cluster>)')
    .option('--port <number>', 'for git, the API, health and metrics, on 127.0.0.1', '7420')
    .option('--tls-port <number>', 'the same over TLS, for kubectl', '7443')
    .option('--listen <address>', 'where the TLS port listens', '127.0.0.1')
    .option('--interval <seconds>', 'how often a repository elsewhere is read', '30')
    .addOption(
      new Option('--runtime <kind>', 'what runs the pods').choices(['auto', 'docker', 'process']).default('auto'),
    )
    .option('--node-address <address>', 'where NodePorts listen', '127.0.0.1')
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('./run-up.ts')
      await runUp({
        ...flags,
        data: dataFolder(flags),
        port: wholeNumber('--port', flags.port, 65_535),
        tlsPort: wholeNumber('--tls-port', flags.tlsPort, 65_535),
        interval: wholeNumber('--interval', flags.interval, 86_400),
      })
    })
}

function wholeNumber(flag: string, text: string, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= 1 && number <= max) return number
  throw new CliError(`${flag} must be a whole number from 1 to ${max}, not ${JSON.stringify(text)}`, { exitCode: 2 })
}
