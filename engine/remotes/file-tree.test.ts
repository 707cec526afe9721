import { expect, test } from 'vitest'
import { fileTree } from './file-tree.ts'

test('files are a tree, with the ids that git gives', async () => {
  const files = new Map([
    ['b.yaml', Buffer.from('b\n')],
    ['a/c.yaml', Buffer.from('c\n')],
    ['a/d/e', Buffer.from('')],
    ['__proto__/x', Buffer.from('')],
  ])
  const { tree, objects } = fileTree(files)
  const list = async (oid: string, path: string): Promise<string[]> => {
    const entries = await objects.readTree(oid)
    const lines = entries.map(async ({ name, oid: id, kind }) =>
      kind === 'tree' ? list(id, `${path}${name}/`) : [`${id} ${path}${name} ${await objects.blobSize(id)}`],
    )
    return (await Promise.all(lines)).flat()
  }
  expect({ tree, files: (await list(tree, '')).sort() }).toEqual({
    // As `git write-tree` and `git ls-tree -r` say of the same files.
    tree: '780769c38ffadc9527482ff225e158c66fbf5677',
    files: [
      '61780798228d17af2d34fce4cfbdf35556832472 b.yaml 2',
      'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 __proto__/x 0',
      'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 a/d/e 0',
      'f2ad6c76f0115a6ba5b00456a849810e7ec0af20 a/c.yaml 2',
    ],
  })
  expect(String(await objects.readBlob('f2ad6c76f0115a6ba5b00456a849810e7ec0af20'))).toBe('c\n')
  await expect(objects.readBlob(tree)).rejects.toMatchObject({ code: 'ObjectMissing' })
})
