/** Writes a few objects as one pack: two files to fsync however many objects there are. https://git-scm.com/docs/gitformat-pack */
import { createHash, randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { syncFolder, writeSynced } from '../../machine/files.ts'
import { fileFailure } from './git-process.ts'
import type { NewObject, ObjectType } from './objects.ts'

/** Adds objects to a repository, durably. They are there when it resolves; before, none of them can be seen. */
export async function writePack(repository: string, objects: readonly NewObject[]): Promise<void> {
  const { pack, index, name } = encodePack(objects)
  const folder = join(repository, 'objects/pack')
  // Git's own names for unfinished files: it reads whatever ends in `.idx`, and clears these once they are old.
  const id = randomBytes(8).toString('hex')
  const files = { pack: join(folder, `tmp_pack_${id}`), idx: join(folder, `tmp_idx_${id}`) }
  try {
    // Both at a time: waiting for the disk is most of what a small commit costs.
    const written = await Promise.allSettled([
      writeSynced(files.pack, pack, { mode: 0o444, flag: 'wx' }),
      writeSynced(files.idx, index, { mode: 0o444, flag: 'wx' }),
    ])
    for (const result of written) if (result.status === 'rejected') throw result.reason
    // Git finds a pack by its index, so that comes second.
    await rename(files.pack, join(folder, `pack-${name}.pack`))
    await rename(files.idx, join(folder, `pack-${name}.idx`))
    await syncFolder(folder)
  } catch (error) {
    await Promise.all(Object.values(files).map(file => rm(file, { force: true })))
    throw fileFailure(`writing ${objects.length} objects to ${folder}`, error)
  }
}

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }

interface Packed {
  readonly oid: string
  readonly offset: number
  readonly crc: number
}

export function encodePack(objects: readonly NewObject[]): { pack: Buffer; index: Buffer; name: string } {
  const header = Buffer.alloc(12)
  header.write('PACK')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(objects.length, 8)
  const parts: Buffer[] = [header]
  const packed: Packed[] = []
  let offset = header.length
  for (const { oid, type, data } of objects) {
    const head = entryHeader(type, data.length)
    const body = deflateSync(data, { level: 3 })
    packed.push({ oid, offset, crc: crc32(body, crc32(head)) })
    parts.push(head, body)
    offset += head.length + body.length
  }
  const bytes = Buffer.concat(parts)
  const checksum = sha1(bytes)
  return {
    pack: Buffer.concat([bytes, checksum]),
    index: encodeIndex(packed, checksum),
    name: checksum.toString('hex'),
  }
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
