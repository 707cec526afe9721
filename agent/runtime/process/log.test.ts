import { execFile } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogLine, LogOptions } from '../runtime.ts'
import { readLog } from './log.ts'
import { logFileBytes, shimScript } from './scripts.ts'
import { NoteReader, noteTimes, timeAt } from './times.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-log-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function lines(options: Partial<LogOptions> = {}): Promise<LogLine[]> {
  const found: LogLine[] = []
  for await (const line of readLog({ folder, complete: async () => true }, { follow: false, ...options }))
    found.push(line)
  return found
}

test('puts two streams together by time, across files and a line cut between them', async () => {
  await writeFile(join(folder, 'stdout.1'), 'one\ntwo\nthr')
  await writeFile(join(folder, 'stdout.1.times'), '4 1000\n8 3000\n11 4000\n')
  await writeFile(join(folder, 'stdout.2'), 'ee\nfour')
  await writeFile(join(folder, 'stdout.2.times'), '7 5000\n9 50')
  await writeFile(join(folder, 'stderr.1'), 'oops\n')
  await writeFile(join(folder, 'stderr.1.times'), '5 2000\n')
  const all = [
    { time: '1970-01-01T00:00:01.000000000Z', stream: 'stdout', text: 'one' },
    { time: '1970-01-01T00:00:02.000000000Z', stream: 'stderr', text: 'oops' },
    { time: '1970-01-01T00:00:03.000000000Z', stream: 'stdout', text: 'two' },
    { time: '1970-01-01T00:00:05.000000000Z', stream: 'stdout', text: 'three' },
    { time: '1970-01-01T00:00:05.000000000Z', stream: 'stdout', text: 'four' },
  ]
  expect(await lines()).toEqual(all)
  expect(await lines({ tailLines: 2 })).toEqual(all.slice(3))
  expect(await lines({ tailLines: 0 })).toEqual([])
  expect(await lines({ since: 3000 })).toEqual(all.slice(2))
  expect(await lines({ since: 2000, tailLines: 9 })).toEqual(all.slice(1))
})

test('leaves out the rest of a line whose beginning was rotated away', async () => {
  await writeFile(join(folder, 'stdout.4'), 'of a line\nwhole\n')
  expect((await lines()).map(line => line.text)).toEqual(['whole'])
})

test('finds the note that covers a byte', () => {
  const notes = [10, 20, 30].map(bytes => ({ bytes, at: bytes * 100 }))
  expect([0, 9, 10, 25, 29, 30].map(offset => timeAt(notes, offset))).toEqual([1000, 1000, 2000, 3000, 3000, undefined])
})

test('notes times as output grows, and once for what came while nobody looked', async () => {
  const file = join(folder, 'stdout.1')
  await writeFile(file, 'before\n')
  const stop = noteTimes(folder)
  expect(new NoteReader().at(file)).toEqual([{ bytes: 7, at: Math.round((await stat(file)).mtimeMs) }])
  const began = Date.now()
  const log = await open(file, 'a')
  await log.write('after\n')
  await log.close()
  await expect.poll(() => new NoteReader().at(file).length).toBe(2)
  stop()
  const last = new NoteReader().at(file)[1]
  expect(last?.bytes).toBe(13)
  expect(last?.at).toBeGreaterThanOrEqual(began)
})

test('the shim keeps the last three files of a stream, and every byte in them', { timeout: 60_000 }, async () => {
  await writeFile(join(folder, 'shim.sh'), shimScript)
  const size = Math.floor(logFileBytes * 4.5)
  const shim = [
    'shim.sh',
    join(folder, 'mark'),
    '/bin/sh',
    '-c',
    `seq 1 100000000 | head -c ${size}; echo >&2 end; exit 9`,
  ]
  await promisify(execFile)('/bin/sh', shim, { cwd: folder })
  const names = (await readdir(folder)).filter(name => /^(stdout|stderr|mark)/.test(name)).sort()
  expect(names).toEqual(['mark.exited', 'stderr.1', ...names.filter(name => name.startsWith('stdout')).slice(-3)])
  const kept = await Promise.all(names.slice(2).map(async name => (await stat(join(folder, name))).size))
  expect(kept.slice(0, -1).every(bytes => bytes >= logFileBytes && bytes < logFileBytes + 4 * 1024 * 1024)).toBe(true)
  const numbers = (await lines()).filter(line => line.stream === 'stdout').map(line => Number(line.text))
  const gaps = numbers.slice(1, -1).filter((number, n) => number !== (numbers[n] ?? 0) + 1)
  expect(gaps).toEqual([])
  const written = await promisify(execFile)('/bin/sh', ['-c', `seq 1 100000000 | head -c ${size} | tail -n 1`])
  expect(numbers.at(-1)).toBe(Number(written.stdout))
})

test('a line a write, more than one dd reads, comes through whole', async () => {
  await writeFile(join(folder, 'shim.sh'), shimScript)
  const script = 'n=0; while [ $n -lt 2000 ]; do echo $n; n=$((n + 1)); done'
  await promisify(execFile)('/bin/sh', ['shim.sh', join(folder, 'mark'), '/bin/sh', '-c', script], { cwd: folder })
  expect((await lines()).map(line => Number(line.text))).toEqual(Array.from({ length: 2000 }, (_, n) => n))
})

test('where its log cannot be written the container goes on', async () => {
  await writeFile(join(folder, 'shim.sh'), shimScript)
  // A file may not grow past 64 KiB (128 blocks of 512 bytes), as on a full disk; the signal for it is ignored.
  const script = `trap '' XFSZ; ulimit -f 128; exec /bin/sh shim.sh ${'"$0"'} /bin/sh -c 'seq 1 100000; exit 9'`
  await promisify(execFile)('/bin/sh', ['-c', script, join(folder, 'mark')], { cwd: folder })
  expect(await readFile(join(folder, 'mark.exited'), 'utf8')).toBe('9\n')
  expect((await stat(join(folder, 'stdout.1'))).size).toBe(64 * 1024)
})
