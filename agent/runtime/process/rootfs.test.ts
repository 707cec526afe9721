import { expect, test } from 'vitest'
import { parseMountInfo, rootFiles, volumeFiles, writableMounts } from './rootfs.ts'
import type { RootEntry } from './rootfs.ts'

const folder = (name: string, mode = '0755', uid = 0): RootEntry => ({ name, kind: 'folder', mode, uid, gid: uid })
const entries: RootEntry[] = [
  { ...folder('bin'), kind: 'link' },
  folder('etc'),
  folder('home'),
  folder('my files'),
  folder('proc'),
  folder('root', '0700'),
  folder('srv', '0755', 33),
  { ...folder('swapfile'), kind: 'other' },
  folder('tmp', '1777'),
]
const mounts = parseMountInfo(
  [
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '23 22 0:21 / /proc rw,nosuid - proc proc rw',
    '30 22 8:2 / /home/ann rw,nosuid,nodev shared:2 - xfs /dev/sda2 rw',
    '31 22 8:3 / /home/with\\040space rw - ext4 /dev/sda3 rw',
    '',
  ].join('\n'),
)
const own = [
  'gantry /s/new/tmp tmpfs X-mount.mkdir,mode=1777,nosuid,nodev 0 0',
  'gantry /s/new/proc proc X-mount.mkdir,nosuid,nodev,noexec 0 0',
  '/sys /s/new/sys none X-mount.mkdir,rbind 0 0',
  'gantry /s/new/dev tmpfs X-mount.mkdir,mode=0755,nosuid 0 0',
]
const overlay = (path: string, n: number): string =>
  `gantry /s/new${path} overlay X-mount.mkdir,lowerdir=${path},upperdir=/s/u${n},workdir=/s/w${n} 0 0`

test('reads mountpoints, also odd ones', () => {
  expect(mounts.slice(2)).toEqual([
    { path: '/home/ann', type: 'xfs', flags: ['rw', 'nosuid', 'nodev'] },
    { path: '/home/with space', type: 'ext4', flags: ['rw'] },
  ])
})

test('as root: an overlay a folder, with its mode and owner, and one a filesystem below', () => {
  const files = rootFiles({ entries, mounts, scratch: '/s', userNamespace: false })
  expect(files['root.fstab'].trim().split('\n')).toEqual([
    'gantry /s/new tmpfs mode=0755 0 0',
    ...['/etc', '/home', '/root', '/srv', '/home/ann'].map(overlay),
    ...own,
  ])
  expect(files.layers).toBe('0755 - new u0 w0 u1 w1 w2 w3 u4 w4\n0700 - u2\n0755 33:33 u3\n')
  expect(files.links).toBe('/bin\n')
  expect(writableMounts(files, '/s')).toEqual(['/', '/etc', '/home', '/root', '/srv', '/home/ann', '/tmp'])
})

test('below a user namespace: what holds other filesystems is shared as it is, ids are left alone', () => {
  const files = rootFiles({ entries, mounts, scratch: '/s', userNamespace: true })
  expect(files['root.fstab'].trim().split('\n')).toEqual([
    'gantry /s/new tmpfs mode=0755 0 0',
    ...['/etc', '/root', '/srv'].map(overlay),
    '/home /s/new/home none X-mount.mkdir,rbind 0 0',
    ...own,
  ])
  expect(files.layers).toBe('0755 - new u0 w0 w1 u2 w2\n0700 - u1\n')
})

test('volumes: outer ones first, folders before files, spaces quoted, flags kept where read-only', () => {
  const volumes = [
    { hostPath: '/v/file', containerPath: '/a/file', readOnly: true, isFolder: false },
    { hostPath: '/home/ann/in ner', containerPath: '/a/b', readOnly: true, isFolder: true },
    { hostPath: '/v/outer', containerPath: '/a', readOnly: false, isFolder: true },
  ]
  expect(volumeFiles(volumes, { mounts, hidden: ['/data'], readOnlyRoot: ['/', '/etc'] })).toEqual({
    'folders.fstab':
      'gantry /data tmpfs X-mount.mkdir,mode=0755,size=4k,ro 0 0\n' +
      '/.host/v/outer /a none X-mount.mkdir,rbind 0 0\n' +
      '/.host/home/ann/in\\040ner /a/b none X-mount.mkdir,rbind,ro,nosuid,nodev 0 0\n',
    'files.fstab': '/.host/v/file /a/file none bind,ro 0 0\n',
    files: '/a/file\n',
    readonly: '/\n/etc\n',
  })
})
