/** The command lines by which a process gets into its namespaces and becomes its user. Pure. */
import type { ContainerRecord, Layout } from './files.ts'
import { setprivArguments } from './credentials.ts'
import { enterScript, terminalScript } from './scripts.ts'

export interface Launch {
  readonly record: ContainerRecord
  /** Whether Gantry runs as root: else its namespaces hang below a user namespace. */
  readonly asRoot: boolean
  readonly command: readonly string[]
  /** The command gets a terminal of its own, and itself comes later: as the words of `commandWords`. */
  readonly tty?: boolean
}

/** What is run in the end: the folder that it runs in, and then it. */
export function commandWords({ record, command }: Launch): readonly string[] {
  return [record.workingDir, ...command]
}

/** From the shim to the main process. */
export function launchArguments(
  launch: Launch,
  { layout, hostname }: { layout: Layout; hostname: string },
): readonly string[] {
  const { record } = launch
  const mark = `${layout.marks}/${record.id}`
  const network = record.network === undefined ? [] : ['nsenter', `--net=${record.network}`, '--']
  if (!record.isolated) return [...network, '/bin/sh', layout.plain, mark, ...enter(launch)]
  return [
    ...network,
    ...inNamespaces({ asRoot: launch.asRoot }),
    '/bin/sh',
    layout.namespace,
    layout.container(record.id),
    mark,
    hostname,
    record.network === undefined ? 'host' : 'own',
    ...enter(launch),
  ]
}

/** What comes before a command that is to run in namespaces of its own. */
export function inNamespaces({ asRoot }: { asRoot: boolean }): readonly string[] {
  const user = asRoot ? [] : ['--user', '--map-root-user']
  return ['unshare', ...user, '--mount', '--propagation=private', '--pid', '--uts', '--fork', '--kill-child', '--']
}

/** Another process in a container: `init` is the first process of its pid namespace. */
export function execArguments(launch: Launch, init: number): readonly string[] {
  const { record } = launch
  const network = record.network === undefined ? [] : [`--net=${record.network}`]
  if (!record.isolated) {
    return network.length === 0 ? enter(launch) : ['nsenter', ...network, '--', ...enter(launch)]
  }
  return [
    'nsenter',
    `--target=${init}`,
    ...(!launch.asRoot ? ['--user', '--preserve-credentials'] : []),
    '--mount',
    '--pid',
    '--uts',
    ...network,
    '--',
    ...enter(launch),
  ]
}

/** Drops what rights are left, then the container's own environment, folder and command. */
function enter(launch: Launch): readonly string[] {
  const { record, asRoot } = launch
  const { credentials } = record
  const privileges = asRoot ? setprivArguments(credentials) : noNewPrivileges(credentials)
  const back =
    !asRoot && record.isolated
      ? ['unshare', '--user', `--map-user=${credentials.uid}`, `--map-group=${credentials.gid}`, '--']
      : []
  return [
    ...back,
    ...(privileges.length > 0 ? ['setpriv', ...privileges, '--'] : []),
    ...(launch.tty === true
      ? ['script', '-q', '-e', '-f', '-E', 'always', '-c', terminalScript, '/dev/null']
      : ['/bin/sh', '-c', enterScript, 'sh', ...commandWords(launch)]),
  ]
}

function noNewPrivileges(credentials: ContainerRecord['credentials']): readonly string[] {
  return credentials.noNewPrivileges ? ['--no-new-privs'] : []
}
