import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isSandboxRecord, readRecords } from './files.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-records-'))
})
afterEach(() => rm(folder, { recursive: true }))

const records = { file: 'sandbox.json', is: isSandboxRecord }
const record = { podUid: 'a', namespace: 'default', name: 'web', hostname: 'web', bootId: 'b' }

async function keep(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, 'sandbox.json'), text)
}

test('records are read in the order of their folders; a folder without one goes', async () => {
  await keep('b', JSON.stringify({ ...record, podUid: 'b' }))
  await keep('a', JSON.stringify(record))
  await mkdir(join(folder, 'c'))
  expect(await readRecords(folder, records)).toEqual([record, { ...record, podUid: 'b' }])
  expect(await readdir(folder)).toEqual(['a', 'b'])
})

test.each(['', '{"podUid":', 'null', '[]', '{"podUid":"a"}'])('a damaged record is an error: %s', async text => {
  await keep('a', text)
  await expect(readRecords(folder, records)).rejects.toThrow(
    `${join(folder, 'a/sandbox.json')} is damaged; remove the folder ${join(folder, 'a')}; what still runs of it is then told as a stray`,
  )
})
