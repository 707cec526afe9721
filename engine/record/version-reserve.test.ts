import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createVersionReserve } from './version-reserve.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-versions-'))
  file = join(folder, 'resource-version')
})
afterEach(() => rmSync(folder, { recursive: true }))

const reserved = () => Number(readFileSync(file, 'utf8'))

test('each run begins above all that the one before may have given', async () => {
  const first = await createVersionReserve({ file, block: 100 })
  expect([first.start, reserved()]).toEqual([0, 101])
  await first.ensure(101)
  expect(reserved()).toBe(101)
  await Promise.all([first.ensure(102), first.ensure(150), first.ensure(102)])
  expect(reserved()).toBe(202)
  await first.ensure(5000)
  expect(reserved()).toBe(5100)
  const second = await createVersionReserve({ file, block: 100 })
  expect([second.start, reserved()]).toEqual([5100, 5201])
})

test('a record that outlived the file is a floor', async () => {
  expect((await createVersionReserve({ file, block: 10, floor: 77 })).start).toBe(77)
  expect((await createVersionReserve({ file, block: 10, floor: 5 })).start).toBe(88)
})

test('what cannot be written is not reserved, and is once it can be', async () => {
  const versions = await createVersionReserve({ file, block: 100 })
  rmSync(folder, { recursive: true })
  await expect(versions.ensure(102)).rejects.toThrow('ENOENT')
  const both = await Promise.allSettled([versions.ensure(102), versions.ensure(103)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  mkdirSync(folder)
  await versions.ensure(104)
  expect(reserved()).toBe(204)
})

test.each(['', 'x', '-1', '1.5'])('a file of %j is refused', async text => {
  writeFileSync(file, text)
  await expect(createVersionReserve({ file, block: 10 })).rejects.toThrow('must hold a whole number')
})
