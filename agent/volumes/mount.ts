/** Mounts of the agent's own mount namespace, below the pods' folders only. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Files in memory. Doing it again changes nothing. */
export async function mountMemory(
  path: string,
  { sizeBytes, mode }: { sizeBytes?: number; mode: string },
): Promise<void> {
  if ((await mountsBelow(path)).includes(path)) return
  const options = [`mode=${mode}`, 'nosuid', 'nodev', ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])]
  await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path])
}

/** `source` is not resolved again: it may be a `/proc/PID/fd/N` that was checked. */
export async function bindMount(source: string, target: string): Promise<void> {
  await run('mount', ['--no-canonicalize', '--bind', source, target])
}

/** Undoes every mount at or below a folder, the deepest first. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of (await mountsBelow(folder)).reverse()) await run('umount', ['--no-canonicalize', path])
}

async function mountsBelow(folder: string): Promise<string[]> {
  // Not to know of a mount is not to have none: what lies behind it would be deleted. So a failed read is an error.
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map(line => unescape(line.split(' ')[4] ?? ''))
    .filter(path => path === folder || path.startsWith(`${folder}/`))
}

/** The kernel writes space, tab, newline and backslash as `\040`. */
function unescape(path: string): string {
  return path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
