import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, textOf, type Fields } from './fields.ts'

/** A key of a ConfigMap or Secret; bytes where they are no text. */
export interface Datum {
  readonly key: string
  readonly value: string | Uint8Array
}

export interface SourceOptions {
  readonly origin: Origin
  read(path: string): Uint8Array
}

/** What a generator's `literals`, `files`, `envs` and `env` name, in the order in which Kustomize reads them. */
export function readData(generator: Fields, options: SourceOptions): Datum[] {
  const data = [
    ...[...listOf(generator, 'envs'), ...[textOf(generator, 'env')].filter(Boolean)].flatMap(path =>
      readEnvironment(path, options),
    ),
    ...listOf(generator, 'files').map(source => readFileSource(source, options)),
    ...listOf(generator, 'literals').map(literal => readLiteral(literal, options.origin)),
  ]
  const seen = new Set<string>()
  for (const { key } of data) {
    if (seen.has(key)) throw new RenderFailure(`the key ${key} is given twice`, { ...options, remedy: 'remove one' })
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
      throw new RenderFailure(`"${key}" cannot be a key: letters, digits, "-", "_" and "." alone`, options)
    }
    seen.add(key)
  }
  return data
}

function listOf(generator: Fields, name: string): string[] {
  const value = fieldOf(generator, name)
  return Array.isArray(value) ? value.map(String) : []
}

function readLiteral(literal: string, origin: Origin): Datum {
  const equals = literal.indexOf('=')
  if (equals <= 0) {
    throw new RenderFailure(`the literal "${literal}" is not of the form key=value`, {
      origin,
      remedy: 'write key=value',
    })
  }
  const value = literal.slice(equals + 1)
  return {
    key: literal.slice(0, equals),
    value: /^(?:"[^]*"|'[^]*')$/.test(value) && value.length > 1 ? value.slice(1, -1) : value,
  }
}

function readFileSource(source: string, { origin, read }: SourceOptions): Datum {
  const parts = source.split('=')
  const [first = '', path] = parts
  if (parts.length > 2 || first === '' || path === '') {
    throw new RenderFailure(`the file "${source}" is not of the form path or key=path`, { origin })
  }
  const bytes = read(path ?? first)
  return { key: path === undefined ? (first.split('/').at(-1) ?? first) : first, value: decoded(bytes) ?? bytes }
}

function readEnvironment(path: string, { origin, read }: SourceOptions): Datum[] {
  const text = decoded(read(path))
  if (text === undefined) throw new RenderFailure(`${path} is not UTF-8 text`, { origin })
  const lines = text.replace(/^\ufeff/, '').split('\n')
  return lines.flatMap((written, index) => {
    const line = written.replace(/\r$/, '').trimStart()
    if (line === '' || line.startsWith('#')) return []
    const equals = line.indexOf('=')
    if (equals <= 0) {
      throw new RenderFailure(
        `line ${index + 1} of ${path} has no value: a commit has no environment to take it from`,
        {
          origin,
          remedy: 'write KEY=value',
        },
      )
    }
    return [{ key: line.slice(0, equals), value: line.slice(equals + 1) }]
  })
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
