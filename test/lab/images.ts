/** Images for the Docker Engines of a lab, made on the spot. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { commandChange, imageArchive } from '../e2e/images.ts'
import type { VotingImages } from '../e2e/voting-stand-ins.ts'
import type { LabNode } from './lab-node.ts'

export const busyboxImage = 'gantry-lab-busybox:1'

/** Imports what the images hold once a node; the names differ in their commands alone. */
export async function importImages(nodes: readonly LabNode[], { contents, commands }: VotingImages): Promise<void> {
  const archive = imageArchive(contents)
  const base = 'gantry-lab-base'
  await Promise.all(
    nodes.map(async node => {
      await node.docker('import', archive, base)
      const container = (await node.docker('create', base, 'none')).trim()
      for (const [name, command] of Object.entries(commands)) {
        await node.docker('commit', '--change', commandChange(command), container, name)
      }
      await node.docker('rm', container)
    }),
  )
  rmSync(archive)
}

/** Busybox and nothing else. Nothing on a node without a Docker Engine. */
export async function importBusybox(node: LabNode): Promise<void> {
  if (node.runtime !== 'docker') return
  const root = join(node.machine.folder, 'image')
  for (const folder of ['bin', 'etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  const archive = `${root}.tar`
  await node.machine.run(['tar', '--create', '--file', archive, '--directory', root, '.'])
  await node.docker('import', archive, busyboxImage)
}
