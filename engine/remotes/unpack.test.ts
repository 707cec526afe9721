import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Header, pack } from 'tar-stream'
import { chartLimits, unpack } from './unpack.ts'

type Entry = Partial<Header> & { readonly name: string; readonly text?: string }

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  for (const { text, ...header } of entries) {
    if (header.type === undefined || header.type === 'file') tar.entry(header, text ?? '')
    else tar.entry(header)
  }
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  return gzipSync(Buffer.concat(chunks))
}

test('a chart is its files below its one folder', async () => {
  const bytes = await archive([
    { name: './web/', type: 'directory' },
    { name: 'web/Chart.yaml', text: 'name: web' },
    { name: './web/templates/a.hbs', text: 'ü' },
    { name: 'web/empty' },
  ])
  const files = await unpack(bytes, { what: 'web' })
  expect([...files].map(([path, contents]) => [path, contents.toString()])).toEqual([
    ['Chart.yaml', 'name: web'],
    ['templates/a.hbs', 'ü'],
    ['empty', ''],
  ])
})

const chart: Entry = { name: 'web/Chart.yaml', text: 'name: web' }
const limits = { entries: 5, fileBytes: 1 << 19, bytes: 4 << 20, ratio: 200, freeBytes: 1 << 20 }

test.each<{ name: string; entries: Entry[]; why: string }>([
  {
    name: 'a way out',
    entries: [chart, { name: 'web/../../etc/passwd' }],
    why: '"web/../../etc/passwd" is no path inside it',
  },
  { name: 'an absolute path', entries: [{ name: '/etc/passwd' }], why: '"/etc/passwd" is no path inside it' },
  {
    name: "another system's separator",
    entries: [{ name: 'web\\..\\x' }],
    why: String.raw`"web\\..\\x" is no path inside it`,
  },
  { name: 'a drive', entries: [{ name: 'C:/x' }], why: '"C:/x" is no path inside it' },
  {
    name: 'a control character',
    entries: [{ name: 'web/a\u001b[2Jb' }],
    why: String.raw`"web/a\u001b[2Jb" is no path inside it`,
  },
  { name: 'a path of nothing', entries: [{ name: 'web//a' }], why: '"web//a" is no path inside it' },
  {
    name: 'a symbolic link',
    entries: [chart, { name: 'web/values.yaml', type: 'symlink', linkname: '/etc/passwd' }],
    why: '"web/values.yaml" is a symlink, and only files and folders are taken',
  },
  {
    name: 'a hard link',
    entries: [chart, { name: 'web/b', type: 'link', linkname: 'web/Chart.yaml' }],
    why: '"web/b" is a link, and only files and folders are taken',
  },
  {
    name: 'a device',
    entries: [{ name: 'web/null', type: 'character-device' }],
    why: '"web/null" is a character-device, and only files and folders are taken',
  },
  { name: 'a file twice', entries: [chart, chart], why: 'web/Chart.yaml is in it twice' },
  {
    name: 'a file that is a folder',
    entries: [{ name: 'web/a' }, { name: 'web/a/b' }],
    why: 'web/a is both a file and a folder',
  },
  { name: 'two folders', entries: [chart, { name: 'db/Chart.yaml' }], why: 'it does not hold one folder' },
  { name: 'no folder', entries: [{ name: 'Chart.yaml' }], why: 'it does not hold one folder' },
  { name: 'nothing', entries: [], why: 'it does not hold one folder' },
  {
    name: 'many files',
    entries: Array.from({ length: 6 }, (_, i) => ({ name: `web/${i}` })),
    why: 'it has more than 5 entries',
  },
  {
    name: 'a large file',
    entries: [{ name: 'web/a', text: 'x'.repeat((1 << 19) + 1) }],
    why: 'web/a is larger than 512 KiB',
  },
  {
    name: 'a bomb',
    entries: Array.from({ length: 2 }, (_, i) => ({ name: `web/${i}`, text: '0'.repeat(1 << 20) })),
    why: 'it unpacks to more than 200 times its size',
  },
  {
    name: 'a larger bomb',
    entries: Array.from({ length: 5 }, (_, i) => ({ name: `web/${i}`, text: '0'.repeat(1 << 20) })),
    why: 'it unpacks to more than 4 MiB',
  },
])('$name is refused', async ({ entries, why }) => {
  await expect(unpack(await archive(entries), { what: 'web 1.0.0', limits })).rejects.toMatchObject({
    code: 'Unfit',
    message: `the archive of web 1.0.0 is refused: ${why}`,
  })
})

test.each([
  ['no archive', Buffer.from('<html>')],
  ['half an archive', gzipSync(Buffer.alloc(1000, 'x')).subarray(0, 20)],
  ['random bytes in an archive', gzipSync(Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 7919) % 251)))],
])('%s is refused', async (_, bytes) => {
  await expect(unpack(bytes, { what: 'web', limits: chartLimits })).rejects.toMatchObject({ code: 'Unfit' })
})
