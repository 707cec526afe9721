import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderHeld, holdFolder } from './hold.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-hold-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('a second holder is refused and told who holds it', async () => {
  const hold = await holdFolder(folder, { holder: 'gantry up' })
  const second = holdFolder(folder, { holder: 'another' })
  await expect(second).rejects.toThrow(FolderHeld)
  await expect(second).rejects.toThrow(`is in use by gantry up (process ${process.pid})`)
  await hold.release()
  await (await holdFolder(folder, { holder: 'another' })).release()
})

test('a killed holder holds nothing', async () => {
  const script = `require('node:net').createServer().listen(${JSON.stringify(join(folder, 'hold.sock'))}, () => console.log('up'))`
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await (await holdFolder(folder, { holder: 'next' })).release()
})

test('a holder that is asked to leave hands over', async () => {
  let left = false
  const first = await holdFolder(folder, {
    holder: 'agent',
    onAsked: () => {
      left = true
      void first.release()
    },
  })
  const second = await holdFolder(folder, { holder: 'agent', takeOver: true })
  expect(left).toBe(true)
  await second.release()
})

test('of many that come at once one holds', async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => holdFolder(folder, { holder: 'one' })))
  const holds = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  expect(holds).toHaveLength(1)
  await holds[0]?.release()
})
