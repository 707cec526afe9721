import { refOf } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'
import type { ObjectReader, Oid } from '../git/repository.ts'
import { pathOf } from './path.ts'
import { NotWrittenHere, readYaml } from './read-yaml.ts'
import { RecordError } from './record-error.ts'

/** Every object of a record. Rejects with a RecordError where a file is not one that Gantry wrote there. */
export async function readRecord(reader: ObjectReader, commit: Oid): Promise<KubeObject[]> {
  const { tree } = await reader.readCommit(commit)
  const files = await filesIn(reader, { tree, folder: '' })
  return await Promise.all(
    files.map(async ({ path, oid }) => {
      const text = (await reader.readBlob(oid)).toString()
      return checked(path, parse(path, text))
    }),
  )
}

interface File {
  readonly path: string
  readonly oid: Oid
}

async function filesIn(reader: ObjectReader, { tree, folder }: { tree: Oid; folder: string }): Promise<File[]> {
  const entries = await reader.readTree(tree)
  const files = await Promise.all(
    entries.map(async ({ name, kind, oid }): Promise<File[]> => {
      const path = `${folder}${name}`
      return kind === 'tree' ? await filesIn(reader, { tree: oid, folder: `${path}/` }) : [{ path, oid }]
    }),
  )
  return files.flat()
}

function parse(path: string, text: string): unknown {
  try {
    return readYaml(text)
  } catch (error) {
    if (error instanceof NotWrittenHere) throw unknownLayout(path, error.message)
    throw error
  }
}

function checked(path: string, value: unknown): KubeObject {
  if (!isObject(value)) throw unknownLayout(path, 'it holds no object with apiVersion, kind and metadata.name')
  const expected = pathOf(value)
  if (expected === path) return value
  const { kind, key } = refOf(value)
  throw unknownLayout(path, `it holds ${kind} ${key}, which belongs in ${expected ?? 'no file at all'}`)
}

function isObject(value: unknown): value is KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false
  const { name, namespace } = value['metadata']
  const texts = [value['apiVersion'], value['kind'], name, namespace ?? '']
  return texts.every(text => typeof text === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function unknownLayout(path: string, what: string): RecordError {
  return new RecordError(
    'UnknownLayout',
    `the record cannot be read: ${path}: ${what}`,
    'run the version of Gantry that wrote it, or rename the observed branch to begin a new record',
  )
}
