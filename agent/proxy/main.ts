/** The proxy's program: `proxy --folder DIR --cluster UID --build ID`. The agent starts it; it outlives the agent. */
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FolderHeld, holdFolder } from '../../machine/hold.ts'
import { listenForAgent } from './control.ts'
import { readSavedTable, tableSaver } from './saved-table.ts'
import { Proxy } from './serve.ts'

const { values } = parseArgs({
  options: { folder: { type: 'string' }, cluster: { type: 'string' }, build: { type: 'string' } },
})
const { folder = '', cluster = '', build = '' } = values

/** How long connections that exist may go on after the proxy was told to leave. */
const lingerMs = 3_600_000

// Nobody foresaw it: the agent sees the proxy end, and starts another with the same table.
process.on('uncaughtException', error => {
  say(`an error in Gantry ended the proxy: ${error.stack ?? error.message}`)
  process.exit(1)
})

try {
  const hold = await holdFolder(folder, { holder: 'the proxy' })
  await serve(() => hold.release())
} catch (error) {
  // Two were started at once: the other one serves.
  if (!(error instanceof FolderHeld)) {
    say(`the proxy cannot start: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}

async function serve(releaseFolder: () => Promise<void>): Promise<void> {
  const path = join(folder, 'proxy.sock')
  const tablePath = join(folder, 'table.json')
  const proxy = new Proxy({ onProblems: problems => control.tell({ type: 'problems', problems }) })
  const save = tableSaver(tablePath, error => say(`cannot keep the table: ${error.message}`))
  const saved = await readSavedTable(tablePath).catch((error: Error) => say(error.message))
  if (saved) await proxy.apply(saved)
  await unlink(path).catch(() => {})
  const control = await listenForAgent(path, {
    hello: { type: 'hello', clusterUid: cluster, build, pid: process.pid },
    apply: table => {
      save(table)
      return proxy.apply(table)
    },
    leave: async now => {
      await proxy.close({ handOver: !now })
      await releaseFolder()
      // The agent takes the end of its connection as the word that everything is free.
      await control.close()
      if (now) process.exit()
      // The process ends by itself with its last connection.
      setTimeout(() => process.exit(), lingerMs).unref()
    },
  })
}

/** A line in the proxy's log. */
function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text.replaceAll(/\s*\n\s*/g, ' ')}\n`)
}
