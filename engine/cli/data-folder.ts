import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** `--data`, or a folder of the cluster's name where programs of this user keep their state. */
export function dataFolder({ data, name }: { readonly data?: string; readonly name?: string }): string {
  if (data !== undefined) return resolve(data)
  const state = process.env['XDG_STATE_HOME'] ?? ''
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'gantry', name ?? 'hello')
}
