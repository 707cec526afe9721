/** Git's objects as bytes: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
import { createHash } from 'node:crypto'
import type { Commit, Oid, Person, TreeEntry } from './repository.ts'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

/** An object that is not in the repository yet. */
export interface NewObject {
  readonly oid: Oid
  readonly type: ObjectType
  readonly data: Buffer
}

export function newObject(type: ObjectType, data: Buffer): NewObject {
  const oid = createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex')
  return { oid, type, data }
}

/**
 * A tree's entry with its name as one character a byte: names need not be UTF-8, and git's order is the order of bytes.
 */
export interface RawEntry {
  readonly name: string
  readonly mode: string
  readonly oid: Oid
}

export const treeMode = '40000'
export const fileMode = '100644'

export function parseTree(data: Buffer): RawEntry[] {
  const entries: RawEntry[] = []
  const text = data.toString('latin1')
  for (let at = 0; at < data.length;) {
    const space = text.indexOf(' ', at)
    const end = text.indexOf('\0', space)
    if (space < 0 || end < 0 || end + 21 > data.length) throw new Error('a tree object ends in mid-entry')
    entries.push({
      mode: text.slice(at, space),
      name: text.slice(space + 1, end),
      oid: data.toString('hex', end + 1, end + 21),
    })
    at = end + 21
  }
  return entries
}

/** Entries in any order → the tree object. */
export function encodeTree(entries: readonly RawEntry[]): NewObject {
  // Git compares a tree's name as if it ended in a slash.
  const sorted = entries
    .map(entry => ({ entry, key: entry.mode === treeMode ? `${entry.name}/` : entry.name }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const parts = sorted.flatMap(({ entry }) => [
    Buffer.from(`${entry.mode} ${entry.name}\0`, 'latin1'),
    Buffer.from(entry.oid, 'hex'),
  ])
  return newObject('tree', Buffer.concat(parts))
}

export function toRawName(name: string): string {
  return Buffer.from(name).toString('latin1')
}

export function toTreeEntry({ name, mode, oid }: RawEntry): TreeEntry {
  return { name: Buffer.from(name, 'latin1').toString(), oid, kind: kindOf(mode) }
}

const modes: Readonly<Record<TreeEntry['kind'], string>> = {
  tree: treeMode,
  file: fileMode,
  executable: '100755',
  symlink: '120000',
  submodule: '160000',
}

export function modeOf(kind: TreeEntry['kind']): string {
  return modes[kind]
}

function kindOf(mode: string): TreeEntry['kind'] {
  switch (mode) {
    case '40000':
    case '040000':
      return 'tree'
    case '100755':
      return 'executable'
    case '120000':
      return 'symlink'
    case '160000':
      return 'submodule'
    // Old repositories hold files as 100664 too.
    default:
      return 'file'
  }
}

/** A commit without its object id. Headers that Gantry has no use for are left out. */
export function parseCommit(oid: Oid, data: Buffer): Commit {
  const text = data.toString()
  const split = text.indexOf('\n\n')
  const headers = (split < 0 ? text : text.slice(0, split)).split('\n')
  const values = (key: string) => headers.filter(line => line.startsWith(`${key} `)).map(l => l.slice(key.length + 1))
  const [tree] = values('tree')
  const [author] = values('author')
  const [committer] = values('committer')
  if (tree === undefined || author === undefined || committer === undefined) {
    throw new Error(`commit ${oid} lacks its tree, author or committer`)
  }
  return {
    oid,
    tree,
    parents: values('parent'),
    author: parsePerson(author),
    committedAt: Number(/> (-?\d+) [+-]\d+$/.exec(committer)?.[1] ?? 0),
    message: split < 0 ? '' : text.slice(split + 2),
  }
}

function parsePerson(text: string): Person {
  const match = /^(.*?) ?<([^>]*)>/.exec(text)
  return { name: match?.[1] ?? text, email: match?.[2] ?? '' }
}

export interface CommitFields {
  readonly tree: Oid
  readonly parent: Oid | undefined
  readonly author: Person
  readonly at: number
  readonly message: string
}

/** The bytes of a commit, unsigned; times are UTC. */
export function encodeCommit({ tree, parent, author, at, message }: CommitFields): Buffer {
  const person = `${plain(author.name)} <${plain(author.email)}> ${Math.floor(at)} +0000`
  const lines = [
    `tree ${tree}`,
    ...(parent === undefined ? [] : [`parent ${parent}`]),
    `author ${person}`,
    `committer ${person}`,
  ]
  return Buffer.from(`${lines.join('\n')}\n\n${message.endsWith('\n') ? message : `${message}\n`}`)
}

/** Characters that would end a name or a line of a commit's header do not get into it. */
function plain(text: string): string {
  return text.replace(/[<>\n\0]/g, '')
}
