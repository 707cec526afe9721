import { isIPv4 } from 'node:net'
import { usageError } from './failure.ts'

export const nodeIPHelp = "where other nodes reach this one (this machine's address towards the engine)"

/** What `--node-ip` says, checked. */
export function parseNodeIP(text: string): string {
  if (isIPv4(text)) return text
  throw usageError(`--node-ip must be an IPv4 address of this machine, not ${JSON.stringify(text)}`)
}
