import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openData } from './data.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-data-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('a cluster keeps its uid, its name and its token', async () => {
  const first = await openData(folder, { clusterName: 'shop' })
  const { identity, token } = first
  await first.decide('loopback')
  await first.release()
  const second = await openData(folder, { clusterName: undefined })
  expect(second.identity).toEqual({ ...identity, network: 'loopback' })
  expect(second.token).toBe(token)
  await second.release()
})

test('another name is refused, and so is a second Gantry', async () => {
  const data = await openData(folder, { clusterName: 'shop' })
  await expect(openData(folder, { clusterName: 'shop' })).rejects.toThrow('is in use by another Gantry')
  await data.release()
  await expect(openData(folder, { clusterName: 'other' })).rejects.toThrow('holds cluster shop, not other')
})

test('an empty folder that others may enter is closed to them', async () => {
  await chmod(folder, 0o755)
  const data = await openData(folder, { clusterName: undefined })
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder, 'token'))).mode & 0o777).toBe(0o600)
  await data.release()
})

test.each(['', '{', '[]', '{"clusterUid":1,"clusterName":"a"}', '{"clusterUid":"u","clusterName":"a","network":"x"}'])(
  'an identity of %j is damaged, and the message says what helps',
  async text => {
    await writeFile(join(folder, 'identity.json'), text)
    await expect(openData(folder, { clusterName: undefined })).rejects.toThrow(
      `${join(folder, 'identity.json')} is damaged; restore it from a backup`,
    )
  },
)

test("somebody else's open folder is left alone", async () => {
  await writeFile(join(folder, 'theirs'), 'x')
  await chmod(folder, 0o755)
  await expect(openData(folder, { clusterName: undefined })).rejects.toThrow('give --data a folder of its own')
  expect((await stat(folder)).mode & 0o777).toBe(0o755)
  expect(await readFile(join(folder, 'theirs'), 'utf8')).toBe('x')
})

test.each(['Shop', 'a b', '-a', 'a/../b', ''])('%j is no name of a cluster', async name => {
  await expect(openData(folder, { clusterName: name })).rejects.toThrow('--name must be')
})
