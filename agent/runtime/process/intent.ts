/** What is written down before a container is started: from here on a crash of the agent loses and doubles nothing. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, makePrivateFolder, writeFileDurably } from '../../../machine/files.ts'
import { bootId } from '../../../machine/processes.ts'
import type { ContainerSpec, Mount } from '../runtime.ts'
import { StartError } from '../runtime.ts'
import { credentialsAsRoot, credentialsAsUser } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { environmentFile } from './environment.ts'
import { containerId } from './files.ts'
import type { ContainerRecord, Layout, SandboxRecord } from './files.ts'
import { prepareRoot, terminationFile } from './prepare.ts'
import { commandOf, defaultPath } from './program.ts'

export interface IntentOptions {
  readonly layout: Layout
  readonly sandbox: SandboxRecord
  readonly asRoot: boolean
  /** Why containers cannot have namespaces of their own; undefined where they have them. */
  readonly refused: string | undefined
  /** Folders that no container may see. */
  readonly hidden: readonly string[]
}

/** Checks a container and writes its folder, the record last. */
export async function intend(spec: ContainerSpec, options: IntentOptions): Promise<ContainerRecord> {
  const { layout, sandbox } = options
  const isolated = options.refused === undefined
  const credentials = credentialsOf(spec, options.asRoot)
  const workingDir = spec.workingDir ?? '/'
  await commandOf(spec, workingDir)
  refuseMounts(spec, options.refused)
  const id = containerId(spec.podUid, spec)
  const home = layout.container(id)
  // Of an earlier try that did not come as far as its record.
  await rm(home, { recursive: true, force: true })
  await makePrivateFolder(home)
  const hostname = spec.env['HOSTNAME'] ?? sandbox.hostname
  const env = environmentFile({ PATH: defaultPath, HOME: '/tmp', ...spec.env, HOSTNAME: hostname })
  await writeFile(join(home, 'env'), env, { mode: 0o600 })
  if (isolated) {
    await prepareRoot({
      home,
      mounts: withShared(spec, await sharedFiles(spec, { home, folder: layout.sandbox(spec.podUid), credentials })),
      hidden: options.hidden,
      readOnly: spec.securityContext?.readOnlyRootFilesystem === true,
      userNamespace: !options.asRoot,
    })
  }
  const record: ContainerRecord = {
    id,
    podUid: spec.podUid,
    name: spec.name,
    attempt: spec.attempt,
    image: spec.image ?? '',
    bootId: bootId(),
    isolated,
    ...(sandbox.network === undefined ? {} : { network: sandbox.network }),
    credentials,
    workingDir,
  }
  await writeFileDurably(join(home, 'container.json'), JSON.stringify(record), { mode: 0o600 })
  return record
}

function credentialsOf(spec: ContainerSpec, asRoot: boolean): Credentials {
  if (asRoot) return credentialsAsRoot(spec.securityContext, spec.podSecurityContext)
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  return credentialsAsUser(own, { container: spec.securityContext, pod: spec.podSecurityContext })
}

async function sharedFiles(
  spec: ContainerSpec,
  { home, folder, credentials }: { home: string; folder: string; credentials: Credentials },
): Promise<readonly Mount[]> {
  const termination = await terminationFile(home, credentials)
  const resolv = join(folder, 'resolv.conf')
  return [
    { hostPath: termination, containerPath: spec.terminationMessagePath, readOnly: false },
    { hostPath: join(folder, 'hosts'), containerPath: '/etc/hosts', readOnly: true },
    ...((await exists(resolv)) ? [{ hostPath: resolv, containerPath: '/etc/resolv.conf', readOnly: true }] : []),
  ]
}

/** A volume at the path of a file that every container gets takes its place. */
function withShared({ mounts }: ContainerSpec, shared: readonly Mount[]): readonly Mount[] {
  const taken = new Set(mounts.map(mount => mount.containerPath))
  return [...shared.filter(mount => !taken.has(mount.containerPath)), ...mounts]
}

function refuseMounts(spec: ContainerSpec, refused: string | undefined): void {
  const [first] = spec.mounts
  if (refused === undefined || first === undefined) return
  throw new StartError(
    'CreateContainerConfigError',
    `container ${spec.name} mounts a volume at ${first.containerPath}, and this machine forbids a mount namespace ` +
      `(${refused}): run Gantry as root, allow user namespaces, or use the docker runtime`,
  )
}
