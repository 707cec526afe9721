/** What processes that were killed leave behind in a repository. */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A live git holds the lock of a reference for milliseconds. */
const lockIsStaleAfter = 5_000
/** A push or a repack in progress writes to its files all the time. */
const fileIsStaleAfter = 3_600_000

/**
 * Removes the locks of references whose owner is dead. A lock says nothing of its owner, so one that is young is
 * watched until it is gone or old.
 */
export async function removeStaleRefLocks(repository: string): Promise<void> {
  for (;;) {
    const locks = await findLocks(repository)
    const ages = await Promise.all(locks.map(async lock => ({ lock, age: await ageOf(lock) })))
    await Promise.all(ages.filter(({ age }) => age >= lockIsStaleAfter).map(({ lock }) => rm(lock, { force: true })))
    if (ages.every(({ age }) => age >= lockIsStaleAfter)) return
    await sleep(100)
  }
}

/** Removes unfinished packs and the quarantine of pushes that never ended. */
export async function removeUnfinishedObjects(repository: string): Promise<void> {
  const objects = join(repository, 'objects')
  const packs = join(objects, 'pack')
  const found = [
    ...(await named(objects, name => name.startsWith('tmp_objdir-'))),
    ...(await named(packs, name => /^\.?tmp[_-]/.test(name))),
  ]
  for (const path of found) {
    if ((await ageOf(path)) >= fileIsStaleAfter) await rm(path, { recursive: true, force: true })
  }
}

async function findLocks(repository: string): Promise<string[]> {
  const refs = await readdir(join(repository, 'refs'), { recursive: true })
  return [
    ...refs.filter(name => name.endsWith('.lock')).map(name => join(repository, 'refs', name)),
    ...(await named(repository, name => ['HEAD.lock', 'packed-refs.lock', 'config.lock'].includes(name))),
  ]
}

async function named(folder: string, matches: (name: string) => boolean): Promise<string[]> {
  return (await readdir(folder)).filter(matches).map(name => join(folder, name))
}

/** Milliseconds; infinite where it is gone or from a future that a clock set back has made. */
async function ageOf(path: string): Promise<number> {
  try {
    const age = Date.now() - (await stat(path)).mtimeMs
    return age < -lockIsStaleAfter ? Infinity : age
  } catch {
    return Infinity
  }
}
