import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { ContainerSpec, Mount } from '../runtime.ts'
import { StartError } from '../runtime.ts'

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What is run: `command` and then `args`. Rejects where that is nothing that this machine could run. */
export async function commandOf(spec: ContainerSpec, workingDir: string): Promise<readonly string[]> {
  const program = spec.command?.[0]
  if (spec.command === undefined || program === undefined) {
    throw new StartError(
      'CreateContainerConfigError',
      `container ${spec.name} has no command, and a process of the host has no image to take one from: ` +
        'set command, or leave out runtimeClassName: process',
    )
  }
  const path = spec.env['PATH'] ?? defaultPath
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(workingDir, program)]
    : path.split(':').map(folder => join(folder === '' ? workingDir : folder, program))
  for (const candidate of candidates) {
    if (await isProgram(onHost(candidate, spec.mounts))) return [...spec.command, ...(spec.args ?? [])]
  }
  const where = program.includes('/') ? 'no program of that path is' : `none of ${path} has such a program`
  throw new StartError(
    'RunContainerError',
    `container ${spec.name} runs "${program}", but ${where} on this machine (a process runs the host's programs): ` +
      'install it here, mount it, or name another',
  )
}

/** Where a path of the container's lies on the host, as far as volumes lead elsewhere. */
function onHost(path: string, mounts: readonly Mount[]): string {
  const holders = mounts.filter(({ containerPath }) => path === containerPath || path.startsWith(`${containerPath}/`))
  const nearest = holders.sort((a, b) => b.containerPath.length - a.containerPath.length)[0]
  return nearest === undefined ? path : join(nearest.hostPath, path.slice(nearest.containerPath.length))
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
