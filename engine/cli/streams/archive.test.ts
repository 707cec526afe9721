import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packFiles, unpackFiles } from './archive.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-archive-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('files and folders come out as they went in; links are left out', async () => {
  mkdirSync(join(folder, 'site/deep'), { recursive: true })
  writeFileSync(join(folder, 'site/empty'), '')
  writeFileSync(join(folder, 'site/deep/run'), 'x'.repeat(100_000), { mode: 0o755 })
  symlinkSync('/etc/passwd', join(folder, 'site/link'))
  const archive = new PassThrough()
  const skipped: string[] = []
  await Promise.all([
    packFiles(join(folder, 'site'), { as: 'there', into: archive }),
    unpackFiles(archive, { from: 'there', to: join(folder, 'back'), skipped: message => skipped.push(message) }),
  ])
  expect(readdirSync(join(folder, 'back'), { recursive: true }).sort()).toEqual(['deep', 'deep/run', 'empty'])
  expect(readFileSync(join(folder, 'back/deep/run'), 'utf8')).toBe('x'.repeat(100_000))
  expect(statSync(join(folder, 'back/deep/run')).mode & 0o777).toBe(0o755)
  expect(skipped).toEqual(['warning: skipping symlink: "there/link" -> "/etc/passwd"\n'])
})

test.each(['other/file', '../file', 'there/../../file', '/etc/file', 'thereabouts'])(
  'what a container says is at %s is not written',
  async name => {
    const archive = pack()
    archive.entry({ name }, 'evil')
    archive.finalize()
    const source = new PassThrough()
    source.end(await buffer(archive))
    const taken = unpackFiles(source, { from: 'there', to: join(folder, 'back'), skipped: () => {} })
    await expect(taken).rejects.toThrow('tar contents corrupted')
    expect(readdirSync(folder, { recursive: true })).toEqual([])
  },
)
