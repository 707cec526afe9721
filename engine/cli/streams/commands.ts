/** `gantry exec`, `attach`, `port-forward` and `cp`. */
import type { Command } from 'commander'
import type { Client } from '../client.ts'
import type { ConnectionOptions } from '../connection.ts'
import type { Terminal } from '../terminal.ts'
import type { CopyOptions } from './copy.ts'
import type { ExecOptions } from './exec.ts'
import type { PortForwardOptions } from './port-forward.ts'

export interface StreamCommands {
  /** A command with the options by which a server and a namespace are named. */
  command(nameAndArguments: string): Command
  connect(options: ConnectionOptions): Promise<Client>
  openTerminal(): Promise<Terminal>
}

export function addStreamCommands({ command, connect, openTerminal }: StreamCommands): void {
  connected(command('exec'))
    .description('run a command in a container: gantry exec -it web-1 -- sh; ends with its exit code')
    .argument('<target>', 'a pod, or KIND/NAME of what has pods')
    .argument('[command...]', 'the command, after --')
    .action(async (target: string, words: string[], options: ConnectionOptions & ExecOptions) => {
      const { exec } = await import('./exec.ts')
      const terminal = await openTerminal()
      await exec(await connect(options), { target, command: words }, { options, terminal })
    })
  connected(command('attach'))
    .description('take part in what a container reads and writes')
    .argument('<target>', 'a pod, or KIND/NAME of what has pods')
    .action(async (target: string, options: ConnectionOptions & ExecOptions) => {
      const { attach } = await import('./exec.ts')
      await attach(await connect(options), target, { options, terminal: await openTerminal() })
    })
  command('port-forward')
    .description("reach a pod's ports from this machine: gantry port-forward svc/web 8080:80")
    .argument('<target>', 'a pod, or KIND/NAME of what has pods')
    .argument('<ports...>', 'REMOTE, LOCAL:REMOTE, or :REMOTE for any free local port')
    .option('--address <addresses>', 'where to listen, separated by commas', '127.0.0.1')
    .action(async (target: string, ports: string[], options: ConnectionOptions & PortForwardOptions) => {
      const { portForward } = await import('./port-forward.ts')
      await portForward(await connect(options), { target, ports }, { options, terminal: await openTerminal() })
    })
  command('cp')
    .description('copy files to or from a container, which must have tar: gantry cp site.tar web-1:/tmp')
    .argument('<from>', 'a path here, or [NAMESPACE/]POD:PATH')
    .argument('<to>', 'the other of the two')
    .option('-c, --container <name>', 'of this container')
    .action(async (from: string, to: string, options: ConnectionOptions & CopyOptions) => {
      const { copy } = await import('./copy.ts')
      await copy(await connect(options), { from, to }, { options, terminal: await openTerminal() })
    })
}

function connected(command: Command): Command {
  return command
    .option('-c, --container <name>', 'in this container')
    .option('-i, --stdin', 'send what is typed or piped here', false)
    .option('-t, --tty', 'in a terminal', false)
    .option('-q, --quiet', 'say nothing beside', false)
}
