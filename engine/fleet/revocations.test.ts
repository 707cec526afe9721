import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRevocations } from './revocations.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-revocations-'))
  file = join(folder, 'revoked.json')
})
afterEach(() => rm(folder, { recursive: true }))

test('what is revoked stays so after a restart, up to the latest moment', async () => {
  const before = await openRevocations(file)
  await before.revoke('one', 20)
  await before.revoke('one', 10)
  const after = await openRevocations(file)
  expect([after.of('one'), after.of('two')]).toEqual([20, undefined])
})

test.each(['', '[]', '{"one":"now"}'])('a file that holds %j is an error: nobody is let in again by it', async text => {
  await writeFile(file, text)
  await expect(openRevocations(file)).rejects.toThrow(`${file} is damaged; it says which nodes are shut out`)
})
