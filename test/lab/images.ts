/** An image for the Docker Engines of a lab, made on the spot: busybox and nothing else. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LabNode } from './lab-node.ts'

export const busyboxImage = 'gantry-lab-busybox:1'

/** Nothing on a node without a Docker Engine. */
export async function importBusybox(node: LabNode): Promise<void> {
  if (node.runtime !== 'docker') return
  const root = join(node.machine.folder, 'image')
  for (const folder of ['bin', 'etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  const archive = `${root}.tar`
  await node.machine.run(['tar', '--create', '--file', archive, '--directory', root, '.'])
  await node.docker('import', archive, busyboxImage)
}
