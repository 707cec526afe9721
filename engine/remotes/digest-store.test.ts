import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DigestStore, digestOf } from './digest-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-digests-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const [first, second, third] = ['first', 'secnd', 'third'].map(text => Buffer.from(text)) as [Buffer, Buffer, Buffer]
const fileOf = (bytes: Buffer) => join(folder, digestOf(bytes).replace(':', '-'))

test('what is put is got, also by the next process', async () => {
  await new DigestStore(folder, { maxBytes: 100 }).put(first)
  const store = new DigestStore(folder, { maxBytes: 100 })
  expect(await store.get(digestOf(first))).toEqual(first)
  expect(await store.get(digestOf(second))).toBeUndefined()
})

test('what a disk or a hand changed is dropped', async () => {
  const store = new DigestStore(folder, { maxBytes: 100 })
  await store.put(first)
  await writeFile(fileOf(first), 'other')
  expect(await store.get(digestOf(first))).toBeUndefined()
  expect(await readdir(folder)).toEqual([])
})

test('what was used least lately goes first', async () => {
  const store = new DigestStore(folder, { maxBytes: 10 })
  for (const [bytes, time] of [
    [first, 1000],
    [second, 2000],
  ] as const) {
    await store.put(bytes)
    await utimes(fileOf(bytes), time, time)
  }
  await store.get(digestOf(first))
  await store.put(third)
  expect(
    await Promise.all([first, second, third].map(async bytes => (await store.get(digestOf(bytes)))?.toString())),
  ).toEqual(['first', undefined, 'third'])
})
