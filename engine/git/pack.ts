/** Writes a few objects as one pack: two files to fsync however many objects there are. https://git-scm.com/docs/gitformat-pack */
import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { syncFolder, writeSynced } from '../../machine/files.ts'
import { fileFailure } from './git-process.ts'
import type { NewObject, ObjectType } from './objects.ts'

/** Adds objects to a repository, durably. They are there when it resolves; before, none of them can be seen. */
export async function writePack(repository: string, objects: readonly NewObject[]): Promise<void> {
  const folder = join(repository, 'objects/pack')
  // Git's own names for unfinished files: it reads whatever ends in `.idx`, and clears these once they are old.
  const id = randomBytes(8).toString('hex')
  const files = { pack: join(folder, `tmp_pack_${id}`), idx: join(folder, `tmp_idx_${id}`) }
  try {
    const checksum = await writeBoth(files, objects)
    const name = checksum.toString('hex')
    // Git finds a pack by its index, so that comes second.
    await rename(files.pack, join(folder, `pack-${name}.pack`))
    await rename(files.idx, join(folder, `pack-${name}.idx`))
    await syncFolder(folder)
  } catch (error) {
    await Promise.all(Object.values(files).map(file => rm(file, { force: true })))
    throw fileFailure(`writing ${objects.length} objects to ${folder}`, error)
  }
}

/** Both files on the disk; the checksum of the pack. */
async function writeBoth(files: { pack: string; idx: string }, objects: readonly NewObject[]): Promise<Buffer> {
  const file = await open(files.pack, 'wx', 0o444)
  try {
    const { packed, checksum } = await encodePack(objects, chunk => file.appendFile(chunk))
    // Both at a time: waiting for the disk is most of what a small commit costs.
    const written = await Promise.allSettled([
      file.sync(),
      writeSynced(files.idx, encodeIndex(packed, checksum), { mode: 0o444, flag: 'wx' }),
    ])
    for (const result of written) if (result.status === 'rejected') throw result.reason
    return checksum
  } finally {
    await file.close()
  }
}

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }

/** The pack is written in pieces of this size: a first commit of 10,000 objects need not be in memory twice. */
const pieceBytes = 1 << 20

interface Packed {
  readonly oid: string
  readonly offset: number
  readonly crc: number
}

async function encodePack(
  objects: readonly NewObject[],
  write: (piece: Buffer) => Promise<void>,
): Promise<{ packed: readonly Packed[]; checksum: Buffer }> {
  const hash = createHash('sha1')
  const packed: Packed[] = []
  let parts = [packHeader(objects.length)]
  let [offset, waiting] = [parts[0]?.length ?? 0, 0]

  async function flush(): Promise<void> {
    const piece = Buffer.concat(parts)
    parts = []
    waiting = 0
    hash.update(piece)
    await write(piece)
  }

  for (const { oid, type, data } of objects) {
    const head = entryHeader(type, data.length)
    const body = deflateSync(data, { level: 3, chunkSize: chunkFor(data.length) })
    packed.push({ oid, offset, crc: crc32(body, crc32(head)) })
    parts.push(head, body)
    offset += head.length + body.length
    waiting += head.length + body.length
    if (waiting >= pieceBytes) await flush()
  }
  await flush()
  const checksum = hash.digest()
  await write(checksum)
  return { packed, checksum }
}

/**
 * Room for the result, not much more: by default zlib takes 16 KiB a time, which 10,000 small objects made 200 MB of,
 * free only once they are collected.
 */
function chunkFor(size: number): number {
  return Math.max(256, Math.min(size + 64, 1 << 16))
}

function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(count, 8)
  return header
}

/** Type and size: four bits of the size in the first byte, seven in each that follows, the lowest first. */
function entryHeader(type: ObjectType, size: number): Buffer {
  const bytes: number[] = []
  let byte = (typeNumbers[type] << 4) | (size & 15)
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
  }
  return Buffer.from([...bytes, byte])
}

/** Version 2, without the table of 8-byte offsets: packs written here stay below 2 GiB. */
function encodeIndex(packed: readonly Packed[], packChecksum: Buffer): Buffer {
  const sorted = packed.toSorted((a, b) => (a.oid < b.oid ? -1 : 1))
  const fanout = Buffer.alloc(256 * 4)
  let count = 0
  for (let first = 0; first < 256; first++) {
    while (count < sorted.length && Number.parseInt(sorted[count]?.oid.slice(0, 2) ?? '', 16) <= first) count++
    fanout.writeUInt32BE(count, first * 4)
  }
  const body = Buffer.concat([
    Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]),
    fanout,
    ...sorted.map(({ oid }) => Buffer.from(oid, 'hex')),
    words(sorted.map(({ crc }) => crc)),
    words(sorted.map(({ offset }) => offset)),
    packChecksum,
  ])
  return Buffer.concat([body, sha1(body)])
}

function words(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  values.forEach((value, n) => buffer.writeUInt32BE(value, n * 4))
  return buffer
}

function sha1(data: Buffer): Buffer {
  return createHash('sha1').update(data).digest()
}
