import { join } from 'node:path'
import { readCredentials } from '../remotes/credentials.ts'
import { type Remotes, createRemotes } from '../remotes/remotes.ts'
import { cacheFolder } from './cache-folder.ts'

/** What commands fetch by themselves is kept in the user's cache. */
export async function openRemotes(registryConfig?: string): Promise<Remotes> {
  return createRemotes({
    folder: join(cacheFolder(), 'remotes'),
    credentials: await readCredentials(registryConfig),
  })
}
