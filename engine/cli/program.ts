import { Command, Option } from 'commander'
import type { Client } from './client.ts'
import type { ConnectionOptions } from './connection.ts'
import type { EventsOptions } from './events.ts'
import type { GetOptions } from './get.ts'
import type { LogsOptions } from './logs.ts'
import type { DrainFlags } from './node.ts'
import type { Terminal } from './terminal.ts'
import type { TopOptions, TopPodsOptions } from './top.ts'
import { addStreamCommands } from './streams/commands.ts'
import { addRenderCommands } from './render.ts'
import { addSecretCommands } from './secret.ts'
import { addAgentCommand } from './agent.ts'
import type { TokenFlags } from './joining.ts'
import { addInstallCommands } from './install.ts'
import { addEngineCommand, addUpCommand } from './up.ts'
import { addDownCommand } from './down.ts'
import { addVendorCommand } from './vendor.ts'
import { version } from '../../machine/version.ts'

/** Where the commands write. */
export type OpenTerminal = () => Promise<Terminal>

/** Commands load what they need when they run, so that `gantry version` does not wait for any of it. */
export function createProgram(openTerminal: OpenTerminal = processTerminal): Command {
  const program = new Command('gantry')
    .description('Runs containers on your own machines from a git repository.')
    .option('--verbose', 'show where an error came from')
    .showSuggestionAfterError()
    .showHelpAfterError('(gantry --help shows the commands)')
    .exitOverride()
    .addHelpText('after', exitCodeHelp)
  addStatus(program, openTerminal)
  addGet(program, openTerminal)
  addDescribe(program, openTerminal)
  addLogs(program, openTerminal)
  addStreamCommands({ command: name => asking(inNamespace(program.command(name))), connect, openTerminal })
  addTop(program, openTerminal)
  addEvents(program, openTerminal)
  addHistory(program, openTerminal)
  addRollback(program, openTerminal)
  addUpCommand(program)
  addEngineCommand(program)
  addAgentCommand(program)
  addInstallCommands(program)
  addToken(program, openTerminal)
  addAuthority(program, openTerminal)
  addNode(program, openTerminal)
  addDownCommand(program)
  addRenderCommands(program)
  addVendorCommand(program)
  addSecretCommands(program)
  program
    .command('version')
    .description("show Gantry's version")
    .action(() => void process.stdout.write(`gantry ${version}\n`))
  return program
}

const exitCodeHelp = `
Which Gantry is asked: --server and --token, else GANTRY_SERVER and GANTRY_TOKEN, else the one that gantry up started.

Exit codes:
  0  done
  1  failed or refused, or what was named does not exist
  2  the command line makes no sense
  3  no Gantry answers
exec and attach end with the exit code of the command or container.`

function addStatus(program: Command, openTerminal: OpenTerminal): void {
  asking(program.command('status'))
    .description('show what runs, from which commit, and what is wrong')
    .action(async (options: ConnectionOptions) => {
      const { status } = await import('./status.ts')
      await status(await connect(options), await openTerminal())
    })
}

function addGet(program: Command, openTerminal: OpenTerminal): void {
  asking(inNamespace(program.command('get')))
    .description('list objects: gantry get pods, get deploy,svc, get pod/web-1')
    .argument('<kinds...>', 'kinds, separated by commas, then names; or KIND/NAME')
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .option('-o, --output <format>', 'wide, yaml, json or name')
    .option('-l, --selector <labels>', 'those with these labels: app=web,tier in (a,b),!old')
    .option('--field-selector <fields>', 'those with these fields: status.phase!=Running')
    .option('-w, --watch', 'then show changes as they come', false)
    .action(async (kinds: string[], options: ConnectionOptions & GetOptions) => {
      const { get } = await import('./get.ts')
      await get(await connect(options), kinds, { options, terminal: await openTerminal() })
    })
}

function addDescribe(program: Command, openTerminal: OpenTerminal): void {
  asking(inNamespace(program.command('describe')))
    .description('show all about objects, with their events')
    .argument('<kinds...>', 'a kind, then names; or KIND/NAME')
    .option('-l, --selector <labels>', 'those with these labels')
    .action(async (kinds: string[], options: ConnectionOptions & { namespace: string; selector?: string }) => {
      const { describe } = await import('./describe.ts')
      await describe(await connect(options), kinds, { options, terminal: await openTerminal() })
    })
}

function addLogs(program: Command, openTerminal: OpenTerminal): void {
  asking(inNamespace(program.command('logs')))
    .description("show a container's log: gantry logs web-1, logs deploy/web -f")
    .argument('[target]', 'a pod, or KIND/NAME of what has pods')
    .option('-c, --container <name>', 'of this container')
    .option('-f, --follow', 'on as it is written', false)
    .option('-l, --selector <labels>', 'of all pods with these labels, the last 10 lines each')
    .option('--all-containers', 'of all containers of the pod', false)
    .option('--prefix', 'with the pod and container before each line', false)
    .option('-p, --previous', 'of the container before its last restart', false)
    .option('--since <span>', 'no older than 90s, 5m, 1h')
    .option('--since-time <time>', 'no older than this time, as in RFC 3339')
    .option('--limit-bytes <number>', 'no more than so many bytes')
    .option('--tail <lines>', 'the last lines only')
    .option('--timestamps', 'with the time of each line', false)
    .action(async (target: string | undefined, options: ConnectionOptions & LogsOptions) => {
      const { logs } = await import('./logs.ts')
      await logs(await connect(options), target, { options, terminal: await openTerminal() })
    })
}

function wideOutput(): Option {
  return new Option('-o, --output <format>', 'with the network, and how often containers began anew').choices(['wide'])
}

function addTop(program: Command, openTerminal: OpenTerminal): void {
  const top = program
    .command('top')
    .description('show what nodes and pods use, of cpu and memory; with -o wide of the network too')
  asking(top.command('nodes'))
    .alias('node')
    .description('of nodes, and of what pods may have there')
    .argument('[name]', 'a node; all by default')
    .option('-l, --selector <labels>', 'those with these labels')
    .addOption(wideOutput())
    .action(async (name: string | undefined, options: ConnectionOptions & TopOptions) => {
      const { topNodes } = await import('./top.ts')
      await topNodes(await connect(options), name, { options, terminal: await openTerminal() })
    })
  asking(inNamespace(top.command('pods')))
    .alias('pod')
    .description('of pods')
    .argument('[name]', 'a pod; all by default')
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .option('-l, --selector <labels>', 'those with these labels')
    .option('--containers', 'each container for itself', false)
    .addOption(wideOutput())
    .action(async (name: string | undefined, options: ConnectionOptions & TopPodsOptions) => {
      const { topPods } = await import('./top.ts')
      await topPods(await connect(options), name, { options, terminal: await openTerminal() })
    })
}

function addEvents(program: Command, openTerminal: OpenTerminal): void {
  asking(inNamespace(program.command('events')))
    .description('show what happened, oldest first')
    .option('-A, --all-namespaces', 'in all namespaces', false)
    .option('--for <object>', 'to one object: deploy/web')
    .option('-w, --watch', 'then show events as they come', false)
    .action(async (options: ConnectionOptions & EventsOptions) => {
      const { events } = await import('./events.ts')
      await events(await connect(options), { options, terminal: await openTerminal() })
    })
}

function addHistory(program: Command, openTerminal: OpenTerminal): void {
  asking(program.command('history'))
    .description('show the commits: when each was applied and became healthy')
    .option('--limit <number>', 'how many', '20')
    .action(async (options: ConnectionOptions & { limit: string }) => {
      const { history } = await import('./history.ts')
      await history(await connect(options), { limit: options.limit, terminal: await openTerminal() })
    })
}

function addRollback(program: Command, openTerminal: OpenTerminal): void {
  asking(program.command('rollback'))
    .description('make one new commit that restores an earlier one; by default the last healthy one before the current')
    .argument('[commit]', 'the commit to restore')
    .action(async (commit: string | undefined, options: ConnectionOptions) => {
      const { rollback } = await import('./history.ts')
      await rollback(await connect(options), { commit, terminal: await openTerminal() })
    })
}

function addToken(program: Command, openTerminal: OpenTerminal): void {
  const token = program.command('token').description('the tokens by which machines join')
  asking(token.command('create'))
    .description('make a token and print it; it cannot be shown again')
    .option('--ttl <span>', 'how long it is good for: 30m, 1h, 24h', '1h')
    .option('--node <name>', 'for this node alone')
    .option('--uses <number>', 'how many nodes it lets in', '1')
    .action(async (options: ConnectionOptions & TokenFlags) => {
      const { createToken } = await import('./joining.ts')
      await createToken(await connect(options), { flags: options, terminal: await openTerminal() })
    })
  asking(token.command('list'))
    .description('show the tokens that have not expired')
    .action(async (options: ConnectionOptions) => {
      const { listTokens } = await import('./joining.ts')
      await listTokens(await connect(options), { terminal: await openTerminal() })
    })
  asking(token.command('revoke'))
    .description('let nobody in by a token any more')
    .argument('<id>', 'its id, or all of it')
    .action(async (id: string, options: ConnectionOptions) => {
      const { revokeToken } = await import('./joining.ts')
      await revokeToken(await connect(options), { token: id, terminal: await openTerminal() })
    })
}

function addAuthority(program: Command, openTerminal: OpenTerminal): void {
  const authority = program.command('ca').description("the CA that signs the nodes' certificates")
  asking(authority.command('show'))
    .description('show which CAs are trusted')
    .action(async (options: ConnectionOptions) => {
      const { showAuthorities } = await import('./joining.ts')
      await showAuthorities(await connect(options), { terminal: await openTerminal() })
    })
  asking(authority.command('rotate'))
    .description(
      'replace the CA without an outage: both are trusted until every certificate of the old one has expired',
    )
    .action(async (options: ConnectionOptions) => {
      const { rotateAuthority } = await import('./joining.ts')
      await rotateAuthority(await connect(options), { terminal: await openTerminal() })
    })
}

function addNode(program: Command, openTerminal: OpenTerminal): void {
  const node = program.command('node').description('the machines of the cluster')
  addSchedule(node, openTerminal)
  asking(node.command('revoke'))
    .description("take back a node's certificate: it is cut off at once, and needs a new token to join again")
    .argument('<name>', 'the node')
    .action(async (name: string, options: ConnectionOptions) => {
      const { revokeNode } = await import('./joining.ts')
      await revokeNode(await connect(options), { node: name, terminal: await openTerminal() })
    })
  asking(node.command('remove'))
    .description(
      'take a node that is away out of the cluster for good: its pods run elsewhere, its certificate is revoked',
    )
    .argument('<name>', 'the node')
    .action(async (name: string, options: ConnectionOptions) => {
      const { removeNode } = await import('./joining.ts')
      await removeNode(await connect(options), { node: name, terminal: await openTerminal() })
    })
}

function addSchedule(node: Command, openTerminal: OpenTerminal): void {
  for (const [kind, words] of [
    ['cordon', 'take no new pods to a node, by a commit on the branch'],
    ['uncordon', 'take pods to a node again, by a commit on the branch; ends a drain'],
  ] as const) {
    asking(node.command(kind))
      .description(words)
      .argument('<names...>', 'the nodes')
      .action(async (names: string[], options: ConnectionOptions) => {
        const { schedule } = await import('./node.ts')
        await schedule(await connect(options), names, { kind, terminal: await openTerminal() })
      })
  }
  asking(node.command('drain'))
    .description('cordon a node and evict its pods, by a commit on the branch; waits until they are gone')
    .argument('<name>', 'the node')
    .option('--force', 'evict pods too that nothing controls', false)
    .option('--delete-emptydir-data', 'evict pods too whose emptyDir volumes are lost with them', false)
    .option('--grace-period <seconds>', "how long containers may take to end, instead of the pods' own")
    .option('--timeout <span>', 'how long to wait: 90s, 5m, 1h; the drain goes on after that')
    .action(async (name: string, options: ConnectionOptions & DrainFlags) => {
      const { drain, readDrainFlags } = await import('./node.ts')
      const request = readDrainFlags(options)
      await drain(await connect(options), name, { request, terminal: await openTerminal() })
    })
}

/** The options of a command that asks a server. */
export function asking(command: Command): Command {
  return command
    .option('--server <url>', 'the Gantry to ask')
    .option('--token <token>', 'its token')
    .option('--ca <file>', "the CA of the server's certificate, PEM")
}

function inNamespace(command: Command): Command {
  return command.option('-n, --namespace <name>', 'in this namespace', 'default')
}

async function connect(options: ConnectionOptions): Promise<Client> {
  const [{ createClient }, { readConnection }] = await Promise.all([import('./client.ts'), import('./connection.ts')])
  return createClient(readConnection(options))
}

async function processTerminal(): Promise<Terminal> {
  return (await import('./terminal.ts')).terminal
}
