import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where programs of this user keep what they can get again. */
export function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? ''
  return join(cache === '' ? join(homedir(), '.cache') : cache, 'gantry')
}
