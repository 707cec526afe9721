import { expect, test } from 'vitest'
import { CommitFiles } from './commit-files.ts'
import { handOver, nothingHanded } from './hand-over.ts'
import { Needed, knownTree } from './known-paths.ts'
import { defaultLimits, Pool } from './pool.ts'
import { createKeyRing } from './sops/key-ring.ts'
import type { TreeReader } from './tree.ts'
import { treeOf } from './tree.fixture.ts'

const files = new CommitFiles(
  treeOf({
    'a.txt': 'a',
    'folder/b.txt': 'b',
    'folder/large.txt': 'x'.repeat(70_000),
    'folder/deep/c.txt': 'c',
    ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`many/${i}.txt`, `${i}`])),
    link: { link: '/etc' },
    sub: { submodule: 'f'.repeat(40) },
  }),
)

// No file here is encrypted: nothing is asked of the pool.
const open = {
  pool: new Pool({ size: 1, limits: defaultLimits }),
  keyRing: createKeyRing({ identities: undefined, withoutKey: 'refuse' }),
}

/** What a unit is told, and the paths that had to be handed over one after the other. */
async function told(
  ask: (tree: TreeReader) => unknown,
): Promise<{ answer: unknown; needed: string[]; asked: string[] }> {
  const handed = nothingHanded()
  const needed: string[] = []
  while (needed.length < 9) {
    const asked = new Set<string>()
    try {
      const answer = ask(knownTree(handed.paths, asked))
      return { answer, needed, asked: [...asked] }
    } catch (error) {
      if (!(error instanceof Needed)) throw error
      needed.push(error.path)
      await handOver(handed, { path: error.path, files, maxBytes: 1 << 20, open })
    }
  }
  throw new Error(`asked again and again: ${needed.join(' ')}`)
}

const text = (tree: TreeReader, path: string): string | undefined =>
  tree.read(path) && Buffer.from(tree.read(path) ?? []).toString()

test.each<{ name: string; ask: (tree: TreeReader) => unknown; answer: unknown; needed: string[]; asked: string[] }>([
  { name: 'a file', ask: t => text(t, 'a.txt'), answer: 'a', needed: ['a.txt'], asked: ['a.txt'] },
  {
    name: 'its small neighbours come with it, a name that is not there is known, a large one is asked for',
    ask: t => [text(t, 'folder/b.txt'), t.kind('folder/x'), text(t, 'folder/large.txt')?.length],
    answer: ['b', undefined, 70_000],
    needed: ['folder/b.txt', 'folder/large.txt'],
    asked: ['folder/b.txt', 'folder/x', 'folder/large.txt'],
  },
  {
    name: 'what each path is',
    ask: t => ['folder', 'link', 'sub', 'none'].map(path => t.kind(path)),
    answer: ['folder', 'symlink', 'submodule', undefined],
    needed: ['folder'],
    asked: ['folder', 'link', 'sub', 'none'],
  },
  {
    name: 'of a folder with many files each is asked for',
    ask: t => ['1', '2', 'x'].map(name => text(t, `many/${name}.txt`)),
    answer: ['1', '2', undefined],
    needed: ['many/1.txt', 'many/2.txt', 'many/x.txt'],
    asked: ['many/1.txt', 'many/2.txt', 'many/x.txt'],
  },
  {
    name: 'the names in folders',
    ask: t => ['', 'folder', 'folder/deep', 'a.txt', 'none'].map(path => t.list(path)),
    answer: [
      ['a.txt', 'folder', 'link', 'many', 'sub'],
      ['b.txt', 'deep', 'large.txt'],
      ['c.txt'],
      undefined,
      undefined,
    ],
    needed: ['/', 'folder/', 'folder/deep/'],
    asked: ['/', 'folder', 'folder/', 'folder/deep', 'folder/deep/', 'a.txt', 'a.txt/', 'none', 'none/'],
  },
  {
    name: 'nothing is in a folder that is not there',
    ask: t => [t.kind('none/deep/x'), t.read('folder')],
    answer: [undefined, undefined],
    needed: ['none/deep/x', 'folder'],
    asked: ['none/deep/x', 'folder'],
  },
])('$name', async ({ name: _, ask, ...expected }) => {
  expect(await told(ask)).toEqual(expected)
})
