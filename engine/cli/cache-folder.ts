import { homedir } from 'node:os'
import { join } from 'node:path'

/** What can be had again: https://specifications.freedesktop.org/basedir-spec/latest/ */
export function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? ''
  return join(cache === '' ? join(homedir(), '.cache') : cache, 'gantry')
}
