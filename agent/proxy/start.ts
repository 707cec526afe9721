import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { entryUrl } from '../../engine/protocol/entries.ts'
import type { Link } from './link.ts'

const startTimeoutMs = 15_000
const longestLog = 1024 * 1024

/** Tells one build of the proxy's program from another. */
export async function programBuild(): Promise<string> {
  // It names the chunks that it imports, and their names hold a digest of what is in them.
  return createHash('sha256')
    .update(await readFile(programPath()))
    .digest('hex')
    .slice(0, 16)
}

/** Starts a proxy that outlives this process, and connects to it. */
export async function startProxy(options: {
  readonly folder: string
  readonly clusterUid: string
  readonly build: string
  connect(): Promise<Link | undefined>
}): Promise<Link> {
  const { folder, clusterUid, build, connect } = options
  const logPath = join(folder, 'proxy.log')
  const log = await open(logPath, 'a', 0o600)
  const failure: { reason?: string } = {}
  try {
    if ((await log.stat()).size > longestLog) await truncate(logPath)
    const child = spawn(
      process.execPath,
      [programPath(), '--folder', folder, '--cluster', clusterUid, '--build', build],
      // Nothing of the agent's environment is the proxy's business.
      { detached: true, cwd: '/', env: {}, stdio: ['ignore', log.fd, log.fd] },
    )
    child.once('error', error => (failure.reason = error.message))
    child.once('exit', code => {
      // 0: another proxy was first, and is the one to connect to.
      if (code !== 0) failure.reason = `it ended with ${code}`
    })
    child.unref()
  } finally {
    await log.close()
  }
  for (
    const deadline = performance.now() + startTimeoutMs;
    performance.now() < deadline && failure.reason === undefined;
  ) {
    const link = await connect()
    if (link) return link
    await sleep(10)
  }
  const words = (await readFile(logPath, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new Error(
    `the proxy cannot be started (${failure.reason ?? `no answer in ${startTimeoutMs / 1000} s`}); it said: ${words}`,
  )
}

function programPath(): string {
  return fileURLToPath(entryUrl('proxy'))
}
