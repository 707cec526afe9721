import { access, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject, PodSpec, Volume, VolumeMount } from '../../engine/api/types.ts'
import { describeWith } from '../../test/needs.ts'
import { container, mirror, pod } from '../pods/fixtures.ts'
import { createVolumes, type Volumes } from './volumes.ts'

let folder: string
let volumes: Volumes
const canMount = process.getuid?.() === 0

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-volumes-'))
  volumes = createVolumes({ folder, canMount })
})
afterEach(async () => {
  await volumes.remove('uid-p')
  await rm(folder, { recursive: true, force: true })
})

const path = (name: string, ...rest: readonly string[]) => join(folder, 'uid-p', 'volumes', name, ...rest)

function configMap(data: Record<string, string>, binaryData: Record<string, string> = {}): KubeObject {
  const object = { data, binaryData }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config', namespace: 'shop' }, ...object }
}
const secret: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'secret', namespace: 'shop' },
  data: { key: Buffer.from('s3cret').toString('base64') },
}

function prepare(
  list: readonly Volume[],
  { objects = [], spec = {} }: { objects?: readonly KubeObject[]; spec?: Partial<PodSpec> } = {},
) {
  return volumes.prepare({
    pod: pod('p', { metadata: { labels: { app: 'web', tier: 'a' } }, spec: { volumes: list, ...spec } }),
    mirror: mirror(objects),
    nodeName: 'node-1',
    podIP: undefined,
    hostIP: '192.0.2.1',
    allocatable: {},
  })
}

/** Every file of a volume as a container sees it, with its mode. */
async function seen(name: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(path(name, below))) {
      if (entry.startsWith('..')) continue
      const file = join(below, entry)
      const stats = await stat(path(name, file))
      if (stats.isDirectory()) await walk(file)
      else files[file] = `${(stats.mode & 0o777).toString(8)} ${await readFile(path(name, file), 'utf8')}`
    }
  }
  await walk('')
  return files
}

const config = (more: object = {}): Volume => ({
  name: 'v',
  configMap: { name: 'config', defaultMode: 0o644, ...more },
})

test.each<{ name: string; volume: Volume; objects?: readonly KubeObject[]; files: Record<string, string> }>([
  {
    name: 'a ConfigMap, text and bytes',
    volume: config(),
    objects: [configMap({ a: 'x' }, { b: 'eQ==' })],
    files: { a: '644 x', b: '644 y' },
  },
  {
    name: 'items under paths and modes of their own',
    volume: config({ items: [{ key: 'a', path: 'deep/er/name', mode: 0o400 }] }),
    objects: [configMap({ a: 'x', b: 'y' })],
    files: { 'deep/er/name': '400 x' },
  },
  { name: 'an optional ConfigMap that is missing', volume: config({ optional: true }), files: {} },
  {
    name: 'a Secret',
    volume: { name: 'v', secret: { secretName: 'secret', defaultMode: 0o440 } },
    objects: [secret],
    files: { key: '440 s3cret' },
  },
  {
    name: 'the downward API',
    volume: {
      name: 'v',
      downwardAPI: { defaultMode: 0o644, items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
    },
    files: { labels: '644 app="web"\ntier="a"' },
  },
  {
    name: 'several sources in one',
    volume: {
      name: 'v',
      projected: {
        defaultMode: 0o644,
        sources: [
          { configMap: { name: 'config' } },
          { secret: { name: 'secret', items: [{ key: 'key', path: 'a' }] } },
        ],
      },
    },
    objects: [configMap({ a: 'x', b: 'y' }), secret],
    files: { a: '644 s3cret', b: '644 y' },
  },
])('holds $name', async ({ volume, objects = [], files }) => {
  expect(await prepare([volume], { objects })).toEqual([])
  expect(await seen('v')).toEqual(files)
})

test('an update replaces all files at once, and leaves nothing of the old', async () => {
  await prepare([config()], { objects: [configMap({ a: '1', b: '1' })] })
  const first = await readlink(path('v', '..data'))
  await prepare([config()], { objects: [configMap({ a: '1', b: '1' })] })
  expect(await readlink(path('v', '..data'))).toBe(first)
  await prepare([config()], { objects: [configMap({ a: '2', c: '2' })] })
  expect(await seen('v')).toEqual({ a: '644 2', c: '644 2' })
  expect((await readdir(path('v'))).sort()).toEqual(['..data', await readlink(path('v', '..data')), 'a', 'c'].sort())
})

test('a write that was cut short is taken up', async () => {
  await prepare([config()], { objects: [configMap({ a: '1' })] })
  await mkdir(path('v', '..2026_11_20_19_08_09.abcdef'))
  await symlink('nowhere', path('v', '..data_tmp'))
  await prepare([config()], { objects: [configMap({ a: '2' })] })
  expect(await seen('v')).toEqual({ a: '644 2' })
})

test.each<{ name: string; volume: Volume; message: string | RegExp }>([
  {
    name: 'a missing ConfigMap',
    volume: config(),
    message: 'MountVolume.SetUp failed for volume "v" : configmap "config" not found',
  },
  {
    name: 'a missing Secret',
    volume: { name: 'v', secret: { secretName: 'none', defaultMode: 0o644 } },
    message: /secret "none" not found/,
  },
  {
    name: 'a path that leads out',
    volume: {
      name: 'v',
      secret: { secretName: 'secret', defaultMode: 0o644, items: [{ key: 'key', path: '../../x' }] },
    },
    message: /must not contain '\.\.'/,
  },
  {
    name: 'an absolute path',
    volume: {
      name: 'v',
      secret: { secretName: 'secret', defaultMode: 0o644, items: [{ key: 'key', path: '/etc/x' }] },
    },
    message: /must be a relative path/,
  },
  {
    name: 'a missing key',
    volume: { name: 'v', secret: { secretName: 'secret', defaultMode: 0o644, items: [{ key: 'none', path: 'x' }] } },
    message: /references non-existent secret key: none/,
  },
  {
    name: 'a volume whose name is a path',
    volume: { name: '../v', emptyDir: {} },
    message: /cannot make a folder named "\.\.\/v"/,
  },
  {
    name: 'a hostPath of another type',
    volume: { name: 'v', hostPath: { path: '/etc', type: 'File' } },
    message: /hostPath type check failed: \/etc is not a file/,
  },
  { name: 'a kind that there is not', volume: { name: 'v' }, message: /no volume plugin matched/ },
])('refuses $name', async ({ volume, message }) => {
  await expect(prepare([volume], { objects: [secret] })).rejects.toThrow(message)
})

test('a projected token is left out and told', async () => {
  // As it comes from outside: the type names only what is supported.
  const source: object = { serviceAccountToken: { path: 'token' } }
  const volume: Volume = { name: 'v', projected: { defaultMode: 0o644, sources: [source] } }
  expect(await prepare([volume])).toEqual([
    'volume "v": a projected serviceAccountToken is not supported and is left out',
  ])
})

async function mounts(list: readonly Volume[], mount: VolumeMount) {
  const wanted = pod('p', { spec: { volumes: list } })
  return volumes.mountsOf(container('web', { volumeMounts: [mount] }), { pod: wanted, env: { NAME: 'sub' } })
}

test('subPath: one file or folder of a volume, made where it is missing', async () => {
  const list: Volume[] = [
    { name: 'v', emptyDir: {} },
    { ...config(), name: 'c' },
  ]
  await prepare(list, { objects: [configMap({ a: 'x' })] })
  const [made] = await mounts(list, { name: 'v', mountPath: '/m', subPathExpr: '$(NAME)/deep' })
  expect({ ...made, hostPath: (await stat(made?.hostPath ?? '')).isDirectory() }).toEqual({
    hostPath: true,
    containerPath: '/m',
    readOnly: false,
  })
  const [file] = await mounts(list, { name: 'c', mountPath: '/a', subPath: 'a' })
  expect({ ...file, hostPath: await readFile(file?.hostPath ?? '', 'utf8') }).toEqual({
    hostPath: 'x',
    containerPath: '/a',
    readOnly: true,
  })
})

test.each(['link', 'link/below', '../v2', '/etc'])('subPath %s may not leave its volume', async subPath => {
  const list: Volume[] = [{ name: 'v', emptyDir: {} }]
  await prepare(list)
  await symlink(tmpdir(), path('v', 'link'))
  await expect(mounts(list, { name: 'v', mountPath: '/m', subPath })).rejects.toThrow(/must stay inside its volume/)
})

describeWith(['root'], 'as root', () => {
  test('secrets and memory volumes are in memory, and every mount goes with the pod', async () => {
    const list: Volume[] = [
      { name: 's', secret: { secretName: 'secret', defaultMode: 0o400 } },
      { name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ]
    await prepare(list, { objects: [secret], spec: { securityContext: { fsGroup: 4321 } } })
    await mounts(list, { name: 's', mountPath: '/m', subPath: 'key' })
    const table = await readFile('/proc/self/mountinfo', 'utf8')
    expect(
      table
        .split('\n')
        .filter(line => line.includes(folder))
        .map(line => line.split(' ')[4]?.slice(folder.length))
        .sort(),
    ).toEqual(['/uid-p/subpaths/web/0', '/uid-p/volumes/m', '/uid-p/volumes/s'])
    const { gid, mode } = await stat(path('s', 'key'))
    expect({ gid, mode: (mode & 0o777).toString(8) }).toEqual({ gid: 4321, mode: '440' })
    await expect(writeFile(path('m', 'big'), Buffer.alloc(2 << 20))).rejects.toThrow(/ENOSPC/)
    await volumes.remove('uid-p')
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
    await expect(access(path('s'))).rejects.toThrow(/ENOENT/)
  })
})
