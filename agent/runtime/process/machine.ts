/** What this machine lets a process runtime do, found out by trying. */
import { spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from '../../../machine/files.ts'
import type { Layout } from './files.ts'
import { inNamespaces } from './launch.ts'
import { prepareRoot } from './prepare.ts'

const programs = ['unshare', 'nsenter', 'setpriv', 'mount', 'umount', 'pivot_root', 'mkfifo', 'dd'] as const

/** Where the programs of the shim are looked for, whatever PATH the agent has. */
export const shimPath = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin'

/**
 * Why no namespaces can be had here, in the words of the step that failed; undefined where all of it works: it makes a
 * root just as for a container, and runs `true` in it.
 */
export async function whyNotIsolated(folder: string, layout: Layout): Promise<string | undefined> {
  for (const program of programs) {
    if ((await output(['sh', '-c', 'command -v "$1"', 'sh', program])).code !== 0) {
      return `${program} (util-linux, coreutils) is not installed`
    }
  }
  const home = join(folder, 'trial')
  try {
    // What a trial that was cut short left.
    await rm(home, { recursive: true, force: true })
    await mkdir(home, { mode: 0o700 })
    const asRoot = process.getuid?.() === 0
    await prepareRoot({ home, mounts: [], hidden: [], readOnly: false, userNamespace: !asRoot })
    await mkdir(join(home, 'marks'))
    const { code, text } = await output([
      ...inNamespaces({ asRoot }),
      '/bin/sh',
      layout.namespace,
      home,
      join(home, 'marks/trial'),
      'trial',
      'host',
      ...(asRoot ? [] : ['unshare', '--user', '--map-user=1', '--map-group=1', '--']),
      'true',
    ])
    if (code === 0) return undefined
    const setup = await readIfThere(join(home, 'setup'))
    return (setup === undefined || setup === '' ? text : setup).trim() || `unshare ended with ${code}`
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function output(argv: readonly string[]): Promise<{ code: number | null; text: string }> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: shimPath },
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    let text = ''
    child.stdout.on('data', chunk => (text += String(chunk)))
    child.stderr.on('data', chunk => (text += String(chunk)))
    child.once('error', reject)
    child.once('close', code => resolve({ code, text }))
  })
}
