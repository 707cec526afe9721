/** The volumes of a node's pods, each pod's in a folder of its own. */
import { chmod, chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseQuantity } from '../../engine/api/quantity.ts'
import type { Container, Pod, Uid, Volume, VolumeMount } from '../../engine/api/types.ts'
import { expand } from '../spec/expansion.ts'
import { type Mount, StartError } from '../runtime/runtime.ts'
import { writeAtomically } from './atomic-writer.ts'
import { contentOf, holdsSecrets, VolumeError, type VolumeFacts } from './files.ts'
import { checkHostPath } from './host-path.ts'
import { mountMemory, unmountBelow } from './mount.ts'
import { removeMountpoints, resolveSubPath } from './sub-path.ts'

export interface Volumes {
  /**
   * Makes a pod's volumes; again, brings their files up to date. Resolves to what was asked for and is not supported,
   * in words. Throws VolumeError where an object is missing that is not optional.
   */
  prepare(facts: VolumeFacts): Promise<readonly string[]>
  /** What a container mounts, once its pod's volumes are made. Throws StartError. */
  mountsOf(
    container: Container,
    options: { pod: Pod; env: Readonly<Record<string, string>> },
  ): Promise<readonly Mount[]>
  /** Removes all of a pod's volumes. No error where they are gone. */
  remove(podUid: Uid): Promise<void>
}

/** `folder` holds a folder a pod; `canMount` says whether this process may mount (root). */
export function createVolumes({ folder, canMount }: { folder: string; canMount: boolean }): Volumes {
  return {
    async prepare(facts) {
      const unsupported: string[] = []
      for (const volume of facts.pod.spec.volumes ?? []) {
        unsupported.push(...(await prepareVolume(volume, { folder, canMount, facts })))
      }
      return unsupported
    },
    mountsOf: async (container, { pod, env }) => {
      const mounts: Mount[] = []
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        mounts.push(await mountOf(mount, { index, container, pod, env, folder, canMount }))
      }
      return mounts
    },
    async remove(podUid) {
      const own = join(folder, partOfPath(podUid))
      if (canMount) await unmountBelow(own)
      await removeMountpoints(join(own, 'subpaths'))
      await rm(join(own, 'volumes'), { recursive: true, force: true })
    },
  }
}

interface Making {
  readonly folder: string
  readonly canMount: boolean
  readonly facts: VolumeFacts
}

async function prepareVolume(volume: Volume, { folder, canMount, facts }: Making): Promise<readonly string[]> {
  if (volume.hostPath) {
    await checkHostPath(volume.name, volume.hostPath)
    return []
  }
  const path = volumeFolder(folder, { podUid: facts.pod.metadata.uid ?? '', volume: volume.name })
  const group = canMount ? facts.pod.spec.securityContext?.fsGroup : undefined
  const content = contentOf(volume, facts)
  if (!content && !volume.emptyDir) {
    throw new VolumeError(volume.name, 'no volume plugin matched: Gantry has none for this kind of volume')
  }
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (!content) {
    await prepareEmptyDir(path, { volume, canMount, group })
    return []
  }
  if (canMount && holdsSecrets(volume)) await mountMemory(path, { mode: '0755' })
  // Where files cannot be kept in memory, nobody else may look into the pod's folder: it is 0700.
  await chmod(path, 0o755)
  await writeAtomically(path, { files: content.files, ...(group !== undefined && { group }) })
  return content.unsupported.map(
    kind => `volume "${volume.name}": a projected ${kind} is not supported and is left out`,
  )
}

/** A sizeLimit binds only in memory: elsewhere a folder has no limit of its own. */
async function prepareEmptyDir(
  path: string,
  { volume, canMount, group }: { volume: Volume; canMount: boolean; group: number | undefined },
): Promise<void> {
  const { medium, sizeLimit } = volume.emptyDir ?? {}
  if (medium === 'Memory' && canMount) {
    const sizeBytes = sizeLimit === undefined ? undefined : Math.ceil(parseQuantity(sizeLimit))
    await mountMemory(path, { mode: '0777', ...(sizeBytes !== undefined && { sizeBytes }) })
  }
  if (group !== undefined) await chown(path, -1, group)
  await chmod(path, group === undefined ? 0o777 : 0o2777)
}

interface MountFacts {
  readonly index: number
  readonly container: Container
  readonly pod: Pod
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  readonly canMount: boolean
}

async function mountOf(mount: VolumeMount, facts: MountFacts): Promise<Mount> {
  const { pod, container, folder, canMount, index } = facts
  const podUid = pod.metadata.uid ?? ''
  const volume = pod.spec.volumes?.find(candidate => candidate.name === mount.name)
  if (!volume)
    throw configError(`container "${container.name}" mounts volume "${mount.name}", which the pod does not have`)
  const whole = volume.hostPath?.path ?? volumeFolder(folder, { podUid, volume: volume.name })
  const subPath = subPathOf(mount, facts.env)
  const target = join(folder, partOfPath(podUid), 'subpaths', partOfPath(container.name), String(index))
  const hostPath = subPath
    ? await resolveSubPath({ volume: whole, subPath, target: canMount ? target : undefined }).catch(
        (error: unknown) => {
          throw configError(`failed to prepare subPath for volumeMount "${mount.name}": ${String(error)}`)
        },
      )
    : whole
  return { hostPath, containerPath: mount.mountPath, readOnly: mount.readOnly === true || !isWritable(volume) }
}

function subPathOf({ subPath, subPathExpr }: VolumeMount, env: Readonly<Record<string, string>>): string | undefined {
  if (subPathExpr === undefined) return subPath
  const expanded = expand(subPathExpr, new Map(Object.entries(env)))
  if (/\$\([^)]*\)/.test(expanded)) throw configError(`subPathExpr "${subPathExpr}" names a variable that is not set`)
  return expanded
}

/** What is made of objects is the cluster's: containers only read it. */
function isWritable({ emptyDir, hostPath }: Volume): boolean {
  return emptyDir !== undefined || hostPath !== undefined
}

function volumeFolder(folder: string, { podUid, volume }: { podUid: Uid; volume: string }): string {
  return join(folder, partOfPath(podUid), 'volumes', partOfPath(volume))
}

/** A name that came from outside and becomes one part of a path. */
function partOfPath(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(name)) {
    throw new Error(
      `cannot make a folder named ${JSON.stringify(name)}: a name has letters, digits, dots and dashes only`,
    )
  }
  return name
}

function configError(message: string): StartError {
  return new StartError('CreateContainerConfigError', message)
}
