import { expect, test } from 'vitest'
import { RemoteFailure } from './failure.ts'
import { type FileTree, fileTree } from './file-tree.ts'
import { lockOf } from './lock.ts'
import { mount } from './mount.ts'
import { folderOf, placeFile, rootOf } from './place.ts'
import type { Remote } from './remote.ts'
import type { Remotes } from './remotes.ts'

const base: Remote = { kind: 'base', url: 'https://github.com/org/repo', ref: 'v1' }
const chart: Remote = { kind: 'oci', oci: 'oci://ghcr.io/org/web', version: '^1' }
const away: Remote = { kind: 'file', url: 'https://files.example.com/a.yaml' }
const lock = lockOf([base, chart, away].map(remote => ({ remote, pin: {} })))
const unreachable = new RemoteFailure('Unreachable', 'files.example.com cannot be reached', 'wait')

const treeOf = (files: Record<string, string>): FileTree =>
  fileTree(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])))

const remotes: Pick<Remotes, 'open'> = {
  async open(remote) {
    if (remote.kind === 'base') return { id: 'commit-1', ...treeOf({ 'deploy/a.yaml': 'base', x: 'same' }) }
    if (remote.kind === 'oci') return { id: 'sha256-2', ...treeOf({ 'Chart.yaml': 'chart' }) }
    throw unreachable
  },
}
const options = { remotes: remotes as Remotes, lock, hosts: [] }

async function contentsOf({ objects, tree }: FileTree, path = ''): Promise<string[]> {
  const lines = (await objects.readTree(tree)).map(async ({ name, oid, kind }) => {
    if (kind === 'tree') return contentsOf({ objects, tree: oid }, `${path}${name}/`)
    return [`${path}${name}: ${String(await objects.readBlob(oid))} ${await objects.blobSize(oid)}`]
  })
  return (await Promise.all(lines)).flat()
}

const own = { '.gantry-remotes/commit-1/deploy/a.yaml': 'evil', 'a.yaml': 'own', 'b/x': 'same' }

test("a commit's tree has its remotes in a folder of their own, and nothing of the commit there", async () => {
  const mounted = await mount(treeOf(own), options)
  const places = {
    'base https://github.com/org/repo at v1': { folder: '.gantry-remotes/commit-1' },
    'chart oci://ghcr.io/org/web ^1': { folder: '.gantry-remotes/sha256-2' },
    'file https://files.example.com/a.yaml': { code: 'Unreachable', message: unreachable.message, remedy: 'wait' },
  }
  const files = [base, chart, away].map((remote, i) => {
    const text = JSON.stringify(Object.values(places)[i])
    return `${placeFile(remote)}: ${text} ${text.length}`
  })
  expect({
    places: Object.fromEntries(mounted.places),
    isPassing: mounted.isPassing,
    files: await contentsOf(mounted),
  }).toEqual({
    places,
    isPassing: true,
    files: [
      '.gantry-remotes/commit-1/deploy/a.yaml: base 4',
      '.gantry-remotes/commit-1/x: same 4',
      ...files.toSorted(),
      '.gantry-remotes/sha256-2/Chart.yaml: chart 5',
      'a.yaml: own 3',
      'b/x: same 4',
    ],
  })
})

test('equal commits with equal remotes have one id', async () => {
  const [one, two] = [await mount(treeOf(own), options), await mount(treeOf(own), options)]
  const fewer = await mount(treeOf(own), { ...options, lock: lockOf([{ remote: chart, pin: {} }]) })
  const none = await mount(treeOf(own), { ...options, lock: new Map() })
  expect([one.tree === two.tree, one.tree === fewer.tree]).toEqual([true, false])
  expect(await contentsOf(none)).toEqual(['a.yaml: own 3', 'b/x: same 4'])
})

test('the folder of a remote, or the reason why there is none', () => {
  expect(folderOf(base, { folder: '.gantry-remotes/commit-1' })).toBe('.gantry-remotes/commit-1')
  expect(() => folderOf(away, unreachable)).toThrow(unreachable)
  expect(() => folderOf(away, undefined)).toThrow(/^gantry.lock does not say what file https:/)
})

test.each([
  ['a/b.yaml', ''],
  ['', ''],
  ['.gantry-remotes', ''],
  ['.gantry-remotes/commit-1', '.gantry-remotes/commit-1'],
  ['.gantry-remotes/commit-1/a/b', '.gantry-remotes/commit-1'],
])('the root of %j is %j', (path, root) => {
  expect(rootOf(path)).toBe(root)
})
