import ignore, { type Ignore } from 'ignore'
import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { tooCostly } from '../ignore-rules.ts'
import { Unreadable, decode } from '../source-text.ts'
import { kindOf, pathFrom, pathIn, type TreeReader } from '../tree.ts'

export const ignoreFileName = '.helmignore'

/** The files of one chart, without those that its `.helmignore` leaves out. Paths are from the chart's folder. */
export class ChartFiles {
  readonly folder: string
  readonly #tree: TreeReader
  readonly #rules: Ignore
  #all: readonly string[] | undefined

  constructor(tree: TreeReader, folder: string) {
    this.folder = folder
    this.#tree = tree
    this.#rules = rulesOf(this.#read(ignoreFileName), this.path(ignoreFileName))
  }

  path(path: string): string {
    return pathIn(this.folder, path)
  }

  /** A file's bytes; undefined where there is none, or it is left out. */
  bytes(path: string): Uint8Array | undefined {
    return this.#rules.ignores(path) ? undefined : this.#read(path)
  }

  /** The folders, or the files, right below a folder of the chart, in the order of their names. */
  names(folder: string, kind: 'file' | 'folder'): string[] {
    return (this.#tree.list(this.path(folder).replace(/\/$/, '')) ?? []).filter(name => {
      const path = pathIn(folder, name)
      if (this.#rules.ignores(kind === 'folder' ? `${path}/` : path)) return false
      return this.#kind(path) === kind
    })
  }

  /** All files below a folder of the chart. */
  below(folder: string): string[] {
    const inside = (name: string): string => pathIn(folder, name)
    return [
      ...this.names(folder, 'file').map(inside),
      ...this.names(folder, 'folder').flatMap(name => this.below(inside(name))),
    ]
  }

  /** `conf/*.toml`, `**` for any folders: of what Helm gives its templates, so neither templates nor charts. */
  glob(pattern: string): string[] {
    const matches = globPattern(pattern)
    this.#all ??= this.below('').filter(path => !/^(?:templates|charts)\/|^(?:Chart|values)\./.test(path))
    return this.#all.filter(path => matches.test(path))
  }

  text(path: string, origin: Origin): string {
    const bytes = this.#wanted(path, origin)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw new RenderFailure(`${this.path(path)} is not UTF-8 text`, {
        origin,
        remedy: 'take it with Files.AsSecrets, which encodes it',
      })
    }
  }

  base64(path: string, origin: Origin): string {
    return Buffer.from(this.#wanted(path, origin)).toString('base64')
  }

  #wanted(written: string, origin: Origin): Uint8Array {
    const path = pathFrom('', { path: written, origin })
    const bytes = path === '' ? undefined : this.bytes(path)
    if (bytes !== undefined) return bytes
    throw new RenderFailure(`the chart has no file ${written}`, {
      origin,
      remedy: `add it, or look whether ${ignoreFileName} leaves it out`,
    })
  }

  #read(path: string): Uint8Array | undefined {
    return this.#kind(path) === 'file' ? this.#tree.read(this.path(path)) : undefined
  }

  #kind(path: string): 'file' | 'folder' | undefined {
    const whole = this.path(path)
    return kindOf(this.#tree, { path: whole, origin: { file: whole, line: 0, column: 0 } })
  }
}

function rulesOf(bytes: Uint8Array | undefined, file: string): Ignore {
  const rules = ignore()
  if (bytes === undefined) return rules
  const text = ignoreText(bytes, file)
  const mistake = tooCostly(text)
  if (mistake === undefined) return rules.add(text)
  const { message, remedy, line, column } = mistake
  throw new RenderFailure(message, { origin: { file, line, column }, remedy })
}

function ignoreText(bytes: Uint8Array, file: string): string {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new RenderFailure(error.message, { origin: { file, line: 0, column: 0 }, remedy: error.remedy })
  }
}

/** A star stands for letters of one name; `{a,b}` for either. */
function globPattern(pattern: string): RegExp {
  let braces = 0
  const source = pattern.replace(/\*\*\/?|[*?{},]|[\\^$.+()[\]|]/g, sign => {
    if (sign === '**/') return '(?:.*/)?'
    if (sign === '**') return '.*'
    if (sign === '*') return '[^/]*'
    if (sign === '?') return '[^/]'
    if (sign === '{') braces += 1
    if (sign === '{') return '(?:'
    if (sign === ',') return braces > 0 ? '|' : ','
    if (sign === '}' && braces > 0) {
      braces -= 1
      return ')'
    }
    return `\\${sign}`
  })
  return new RegExp(`^${source}${')'.repeat(braces)}$`)
}
