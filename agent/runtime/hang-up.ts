import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, isAlive, signal } from '../../machine/processes.ts'
import type { ProcessIdentity } from '../../machine/processes.ts'

/** How long what was hung up may take to end. */
const graceMs = 500

/** Ends a process and all that descends from it, as the end of a terminal does; by force what does not listen. */
export async function hangUp(root: ProcessIdentity): Promise<void> {
  const all = descendants(root)
  for (const identity of all) signal(identity, 'SIGHUP')
  const end = Date.now() + graceMs
  while (all.some(isAlive) && Date.now() < end) await sleep(20)
  // Parents first: what they start meanwhile is found below them.
  for (const identity of all) for (const left of descendants(identity)) signal(left, 'SIGKILL')
}
