import type { TreeReader } from './tree.ts'

/** A tree of texts in memory; a path that begins with `link:` stands for a symbolic link. */
export function memoryTree(files: Readonly<Record<string, string | Uint8Array>>): TreeReader {
  const encoder = new TextEncoder()
  const contents = new Map(
    Object.entries(files).map(([path, text]) => [path, typeof text === 'string' ? encoder.encode(text) : text]),
  )
  return {
    read: path => contents.get(path),
    isOpened: () => false,
    kind: path => {
      if (contents.has(path)) return 'file'
      if (contents.has(`link:${path}`)) return 'symlink'
      return [...contents.keys()].some(each => each.startsWith(`${path}/`)) ? 'folder' : undefined
    },
    list: path => {
      const prefix = path === '' ? '' : `${path}/`
      const inside = Object.keys(files).map(each => each.replace(/^link:/, ''))
      const names = inside.flatMap(each =>
        each.startsWith(prefix) ? [each.slice(prefix.length).split('/')[0] ?? ''] : [],
      )
      return names.length === 0 ? undefined : [...new Set(names)].sort()
    },
  }
}
