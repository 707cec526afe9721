/**
 * The root of a container that runs the host's programs: a tmpfs whose folders are overlays of the host's. Here it is
 * worked out which mounts that takes; `namespaceScript` makes them.
 */
import type { Mount } from '../runtime.ts'

/** An entry of the host's `/`. */
export interface RootEntry {
  readonly name: string
  readonly kind: 'folder' | 'link' | 'other'
  /** Four octal digits. */
  readonly mode: string
  readonly uid: number
  readonly gid: number
}

export interface MountPoint {
  readonly path: string
  readonly type: string
  /** `nosuid`, `nodev`, …: what a user namespace may not take away. */
  readonly flags: readonly string[]
}

export interface RootOptions {
  readonly entries: readonly RootEntry[]
  readonly mounts: readonly MountPoint[]
  /** The tmpfs on which the root is built. */
  readonly scratch: string
  /** In a user namespace only what belongs to it can be overlaid, and ids but one's own do not exist. */
  readonly userNamespace: boolean
}

/** The files that `namespaceScript` reads. */
export interface RootFiles {
  readonly layers: string
  readonly links: string
  readonly 'root.fstab': string
  readonly 'devices.fstab': string
}

/** What a container gets anew: nothing of the host's shows there. */
const own = new Set(['proc', 'sys', 'dev', 'tmp', 'lost+found', '.host'])
/** Names that need no quoting in a table of mounts nor in the shell. */
const plain = /^[A-Za-z0-9._+@-]+$/
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']

export function rootFiles({ entries, mounts, scratch, userNamespace }: RootOptions): RootFiles {
  const shown = entries.filter(entry => !own.has(entry.name) && plain.test(entry.name))
  const folders = shown.filter(entry => entry.kind === 'folder')
  const layered = folders.filter(({ name }) => !(userNamespace && hasMountBelow(mounts, `/${name}`)))
  // As root, a filesystem mounted below a folder does not show through the folder's overlay: it gets its own.
  const below = userNamespace
    ? []
    : mounts.filter(mount => isLayered(mount) && folders.some(f => isBelow(mount.path, `/${f.name}`)))
  const overlays = [
    ...layered.map(entry => ({
      path: `/${entry.name}`,
      mode: entry.mode,
      owner: ownerOf(entry, userNamespace),
    })),
    ...below.map(({ path }) => ({ path, mode: '0755', owner: '-' })),
  ]
  const root = `${scratch}/new`
  return {
    layers: layerFolders(overlays),
    links: `${shown
      .filter(entry => entry.kind === 'link')
      .map(entry => `/${entry.name}`)
      .join(' ')}\n`,
    'root.fstab': table([
      ['gantry', root, 'tmpfs', 'mode=0755'],
      ...overlays.map(({ path }, n) => [
        'gantry',
        `${root}${path}`,
        'overlay',
        `X-mount.mkdir,lowerdir=${path},upperdir=${scratch}/u${n},workdir=${scratch}/w${n}`,
      ]),
      ...folders
        .filter(f => !layered.includes(f))
        .map(({ name }) => [`/${name}`, `${root}/${name}`, 'none', 'X-mount.mkdir,rbind']),
      ['gantry', `${root}/tmp`, 'tmpfs', 'X-mount.mkdir,mode=1777,nosuid,nodev'],
      ['gantry', `${root}/proc`, 'proc', 'X-mount.mkdir,nosuid,nodev,noexec'],
      ['/sys', `${root}/sys`, 'none', 'X-mount.mkdir,rbind'],
      ['gantry', `${root}/dev`, 'tmpfs', 'X-mount.mkdir,mode=0755,nosuid'],
    ]),
    'devices.fstab': table([
      ...devices.map(name => [`/dev/${name}`, `${root}/dev/${name}`, 'none', 'bind']),
      ['gantry', `${root}/dev/pts`, 'devpts', 'X-mount.mkdir,newinstance,ptmxmode=0666,mode=0620,nosuid,noexec'],
      ['gantry', `${root}/dev/shm`, 'tmpfs', 'X-mount.mkdir,mode=1777,nosuid,nodev'],
    ]),
  }
}

/** A mount whose source is known to be a folder or a file. */
export interface ResolvedMount extends Mount {
  readonly isFolder: boolean
}

export interface VolumeFiles {
  readonly 'folders.fstab': string
  readonly 'files.fstab': string
  readonly files: string
  readonly readonly: string
}

/**
 * Volumes, seen from inside the new root, where the host's is at `/.host`. Outer ones come first, so that one mounted
 * within another is not covered by it; folders before files, whose mountpoints may lie in them.
 */
export function volumeFiles(
  volumes: readonly ResolvedMount[],
  options: { mounts: readonly MountPoint[]; hidden: readonly string[]; readOnlyRoot: readonly string[] },
): VolumeFiles {
  const sorted = [...volumes].sort((a, b) => (a.containerPath < b.containerPath ? -1 : 1))
  const line = (volume: ResolvedMount): readonly string[] => [
    `/.host${volume.hostPath}`,
    volume.containerPath,
    'none',
    [
      volume.isFolder ? 'X-mount.mkdir,rbind' : 'bind',
      ...(volume.readOnly ? ['ro', ...flagsAt(options.mounts, volume.hostPath)] : []),
    ].join(','),
  ]
  const files = sorted.filter(volume => !volume.isFolder)
  return {
    'folders.fstab': table([
      ...options.hidden.map(path => ['gantry', path, 'tmpfs', 'X-mount.mkdir,mode=0755,size=4k,ro']),
      ...sorted.filter(volume => volume.isFolder).map(line),
    ]),
    files: files.map(({ containerPath }) => `${containerPath}\n`).join(''),
    'files.fstab': table(files.map(line)),
    readonly: options.readOnlyRoot.map(path => `${path}\n`).join(''),
  }
}

/** What a read-only root makes read-only: every mount of `rootFiles` that could be written. */
export function writableMounts({ 'root.fstab': text }: RootFiles, scratch: string): readonly string[] {
  const targets = text.split('\n').flatMap(line => {
    const [, target = '', type] = line.split(' ')
    return type === 'overlay' || type === 'tmpfs' ? [target.slice(`${scratch}/new`.length) || '/'] : []
  })
  return targets.filter(path => path !== '/dev')
}

/** The flags that a mount of its own at this path would have to keep. */
function flagsAt(mounts: readonly MountPoint[], path: string): readonly string[] {
  const holders = mounts.filter(mount => mount.path === path || isBelow(path, mount.path))
  const nearest = holders.sort((a, b) => b.path.length - a.path.length)[0]
  return (nearest?.flags ?? []).filter(flag => ['nosuid', 'nodev', 'noexec', 'noatime'].includes(flag))
}

/** Whose an overlay must be made; `-` where it already is. */
function ownerOf({ uid, gid }: RootEntry, userNamespace: boolean): string {
  return userNamespace || (uid === 0 && gid === 0) ? '-' : `${uid}:${gid}`
}

/** `mode owner folder…`, a line for those that mkdir can make at once: the new root, each overlay's layer and work folder. */
function layerFolders(overlays: readonly { mode: string; owner: string }[]): string {
  const groups = new Map([['0755 -', ['new']]])
  const put = (key: string, folder: string): unknown => groups.set(key, [...(groups.get(key) ?? []), folder])
  for (const [n, { mode, owner }] of overlays.entries()) {
    put(`${mode} ${owner}`, `u${n}`)
    put('0755 -', `w${n}`)
  }
  return [...groups].map(([key, folders]) => `${key} ${folders.join(' ')}\n`).join('')
}

const pseudo =
  /^(proc|sysfs|tmpfs|devtmpfs|devpts|mqueue|cgroup2?|overlay|nsfs|fuse.*|autofs|squashfs|ramfs|.*fs_ctl|hugetlbfs|tracefs|debugfs|securityfs|bpf|configfs|pstore|efivarfs|binfmt_misc|rpc_pipefs)$/

function isLayered({ path, type }: MountPoint): boolean {
  return (
    !pseudo.test(type) &&
    path
      .split('/')
      .slice(1)
      .every(name => plain.test(name))
  )
}

function hasMountBelow(mounts: readonly MountPoint[], folder: string): boolean {
  return mounts.some(mount => isBelow(mount.path, folder))
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** The mountpoints of /proc/self/mountinfo (proc(5)), whose paths have spaces and such as octal. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  return text.split('\n').flatMap(line => {
    const fields = line.split(' ')
    const [path, flags] = [fields[4], fields[5]]
    const type = fields[fields.indexOf('-') + 1]
    if (path === undefined || flags === undefined || type === undefined) return []
    const plainPath = path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    return [{ path: plainPath, type, flags: flags.split(',') }]
  })
}

/** Lines of fstab(5). */
function table(rows: readonly (readonly string[])[]): string {
  return rows.map(row => `${row.map(escape).join(' ')} 0 0\n`).join('')
}

function escape(field: string): string {
  return field.replaceAll(/[ \t\n\\]/g, character => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
