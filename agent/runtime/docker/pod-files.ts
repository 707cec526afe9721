/** The files on the node that a pod's containers have mounted, in a folder a pod. */
import { chmod, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Uid } from '../../../engine/api/types.ts'
import { exists, makePrivateFolder } from '../../../machine/files.ts'
import type { Mount, SandboxSpec } from '../runtime.ts'
import { hostsFile, resolvFile } from '../sandbox-files.ts'

/** As much of its last words as Kubernetes keeps. */
const messageLimit = 4096

export interface ContainerFiles {
  readonly podUid: Uid
  readonly name: string
  readonly attempt: number
}

export class PodFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async writeSandbox(spec: SandboxSpec): Promise<void> {
    const folder = this.#podFolder(spec.podUid)
    await makePrivateFolder(folder)
    const files = {
      hosts: spec.hostNetwork ? await readFile('/etc/hosts', 'utf8') : hostsFile(spec),
      ...(spec.dns === undefined ? {} : { 'resolv.conf': resolvFile(spec.dns) }),
    }
    for (const [name, text] of Object.entries(files)) {
      // In place: containers that run have this very file mounted.
      await writeFile(join(folder, name), text)
      await chmod(join(folder, name), 0o644)
    }
  }

  /** What every container of the pod gets; makes the file for this one's last words. */
  async shared(container: ContainerFiles & { readonly terminationMessagePath: string }): Promise<readonly Mount[]> {
    const folder = this.#podFolder(container.podUid)
    const termination = this.#termination(container)
    await writeFile(termination, '')
    await chmod(termination, 0o666)
    const resolv = join(folder, 'resolv.conf')
    return [
      { hostPath: termination, containerPath: container.terminationMessagePath, readOnly: false },
      { hostPath: join(folder, 'hosts'), containerPath: '/etc/hosts', readOnly: false },
      ...((await exists(resolv)) ? [{ hostPath: resolv, containerPath: '/etc/resolv.conf', readOnly: false }] : []),
    ]
  }

  async lastWords(container: ContainerFiles): Promise<string | undefined> {
    const path = this.#termination(container)
    if (!(await exists(path))) return undefined
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(messageLimit), 0, messageLimit, 0)
      return bytesRead === 0 ? undefined : buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }

  async removeContainer(container: ContainerFiles): Promise<void> {
    await rm(this.#termination(container), { force: true })
  }

  async removePod(podUid: Uid): Promise<void> {
    await rm(this.#podFolder(podUid), { recursive: true, force: true })
  }

  async removeAll(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #termination({ podUid, name, attempt }: ContainerFiles): string {
    return join(this.#podFolder(podUid), `${name}.${attempt}.termination`)
  }

  #podFolder(podUid: Uid): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(podUid)) throw new Error(`"${podUid}" is not the uid of a pod`)
    return join(this.#folder, podUid)
  }
}
