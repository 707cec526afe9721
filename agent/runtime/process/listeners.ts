import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '../../../machine/processes.ts'

export interface Listener {
  readonly address: string
  readonly port: number
}

/** The TCP sockets in LISTEN that these processes hold, sorted, each once. */
export function listenersOf(processes: readonly ProcessIdentity[]): Listener[] {
  const found = new Map<string, Listener>()
  for (const { pid } of processes) {
    const inodes = socketInodes(pid)
    if (inodes.size === 0) continue
    for (const table of ['tcp', 'tcp6']) {
      for (const { inode, ...listener } of parseListening(readProc(`/proc/${pid}/net/${table}`))) {
        if (inodes.has(inode)) found.set(`${listener.address} ${listener.port}`, listener)
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, listener]) => listener)
}

/** The lines of /proc/net/tcp and tcp6 whose state is LISTEN (0A). */
export function parseListening(text: string): readonly (Listener & { inode: string })[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const fields = line.trim().split(/\s+/)
      const [local, state, inode] = [fields[1], fields[3], fields[9]]
      const [address, port] = local?.split(':') ?? []
      if (address === undefined || port === undefined || inode === undefined || state !== '0A') return []
      return [{ address: readAddress(address), port: Number.parseInt(port, 16), inode }]
    })
}

/** The kernel prints words of 32 bits in the machine's own order, which is little-endian on every one that Node runs on. */
function readAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word =>
    (word.match(/../g) ?? []).reverse().map(byte => Number.parseInt(byte, 16)),
  )
  if (bytes.length === 4) return bytes.join('.')
  const mapped = bytes.slice(0, 10).every(byte => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  if (mapped) return bytes.slice(12).join('.')
  if (bytes.every(byte => byte === 0)) return '::'
  const groups = Array.from({ length: 8 }, (_, n) => ((bytes[2 * n] ?? 0) * 256 + (bytes[2 * n + 1] ?? 0)).toString(16))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}

function socketInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>()
  for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '')?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

function readProc(path: string): string {
  return attempt(() => readFileSync(path, 'utf8')) ?? ''
}

/** A process and its descriptors may go between any two looks. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
