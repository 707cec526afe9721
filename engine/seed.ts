/** The first commit of a repository that `gantry up` makes: the hello example. */
import { readFile, readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { entryUrl } from './protocol/entries.ts'
import type { Repository } from './git/repository.ts'

const example = new URL('../examples/hello/', entryUrl('gantry'))

/** Does nothing where the branch exists. Resolves to whether it made it. */
export async function seed(repository: Repository, { branch, at }: { branch: string; at: number }): Promise<boolean> {
  const ref = `refs/heads/${branch}`
  if ((await repository.resolve(ref)) !== undefined) return false
  const folder = fileURLToPath(example)
  const changes = new Map<string, Buffer>()
  for (const name of await readdir(folder)) changes.set(name, await readFile(`${folder}/${name}`))
  await repository.commit({
    ref,
    expected: undefined,
    changes,
    message: 'Say hello\n',
    author: { name: 'Gantry', email: 'gantry@localhost' },
    at,
    sign: false,
  })
  return true
}
