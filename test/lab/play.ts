/** `npm run lab`: a cluster on machines of the lab to play with, until Ctrl-C. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importBusybox } from './images.ts'
import { dist } from './lab-engine.ts'
import { Lab } from './lab.ts'
import type { Machine } from './machine.ts'

/** Starts a lab with so many nodes, of which so many have a Docker Engine, and prints how to use it. */
export async function play({ nodes, docker }: { nodes: number; docker: number }): Promise<void> {
  const say = (line = ''): void => void process.stdout.write(`${line}\n`)
  say(`lab: starting an engine and ${nodes} nodes, ${docker} of them with a Docker Engine …`)
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`)
  const starting = Lab.start({
    nodes: Object.fromEntries(names.map((name, index) => [name, index < docker ? 'docker' : 'process'] as const)),
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      say('lab: stopping …')
      void starting.then(lab => lab.stop()).finally(() => process.exit(0))
    })
  }
  const lab = await starting
  await Promise.all([...lab.nodes.values()].map(importBusybox))
  const { engine } = lab
  const tool = (name: string, machine: Machine, argv: readonly string[]): string => {
    const path = join(lab.folder, name)
    writeFileSync(path, `#!/bin/sh\nexec ${machine.through(argv).join(' ')} "$@"\n`)
    chmodSync(path, 0o700)
    return path
  }
  const asked = ['env', 'GANTRY_SERVER=http://127.0.0.1:7420', `GANTRY_TOKEN=${engine.token}`]
  const kubeconfig = join(engine.data, 'kubeconfig')
  say()
  say('The lab is up; Ctrl-C ends it and leaves nothing behind.')
  say()
  say(`  gantry     ${tool('gantry', engine.machine, [...asked, process.execPath, join(dist, 'gantry.js')])} get nodes`)
  say(`  kubectl    ${tool('kubectl', engine.machine, ['kubectl', '--kubeconfig', kubeconfig])} get pods -A -o wide`)
  say(`  git        ${tool('git', engine.machine, ['git'])} clone ${engine.cloneUrl} ${join(lab.folder, 'work')}`)
  for (const machine of [engine.machine, ...[...lab.nodes.values()].map(node => node.machine)]) {
    const logs = join(machine.folder, '*.log')
    say(`  ${machine.name.padEnd(11)}${tool(`on-${machine.name}`, machine, [])} sh        logs: ${logs}`)
  }
  for (const node of lab.nodes.values()) {
    if (node.runtime === 'docker') say(`  docker     DOCKER_HOST=${node.dockerHost} docker ps     (${node.name})`)
  }
  say(`  cut off    ${lab.cutCommand('n1')}     back again with "up"`)
  say()
}
