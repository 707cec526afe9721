/**
 * A small agent for tests that kill it: pods on the process runtime, driven toward the objects of a file, until they are
 * Ready or gone. `node … FOLDER OBJECTS ready|gone KILL_AT`: it kills itself at its n-th effect, where each call of the
 * runtime or the network counts twice, before it begins and after it ended.
 */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Pod, Uid } from '../../engine/api/types.ts'
import { createNetwork } from '../network/create.ts'
import { createProcessRuntime } from '../runtime/process/runtime.ts'
import { mirror } from './fixtures.ts'
import { createPods } from './pods.ts'

const [folder = '', objects = '', goal = '', killAt = ''] = process.argv.slice(2)
const effects: ReadonlySet<string | symbol> = new Set([
  'createSandbox',
  'removeSandbox',
  'startContainer',
  'stopContainer',
  'removeContainer',
  'allocate',
  'release',
])
let count = 0
let ended = false

function effect(): void {
  if (++count === Number(killAt)) process.kill(process.pid, 'SIGKILL')
}

/** The same object, its effects counted. */
function counted<T extends object>(target: T): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || !effects.has(name)) return value
      return async (...given: unknown[]) => {
        effect()
        const result: unknown = await Reflect.apply(value, target, given)
        effect()
        return result
      }
    },
  })
}

const owner = { clusterUid: basename(dirname(folder)), nodeName: 'node-1' }
const ranges = { podCIDR: '127.89.0.0/24', serviceCIDR: '127.90.0.0/24' }
const network = await createNetwork({ ...owner, ...ranges, mode: 'loopback', folder: join(folder, 'network') })
const runtime = await createProcessRuntime({ ...owner, network, folder: join(folder, 'runtime') })
const wanted: Pod[] = JSON.parse(await readFile(objects, 'utf8'))
const gone = new Set<Uid>()

const pods = await createPods({
  runtimes: new Map([['process', counted(runtime)]]),
  network: counted(network),
  folder: join(folder, 'pods'),
  nodeName: 'node-1',
  onReport: report => {
    if ('gone' in report) gone.add(report.uid)
    look()
  },
  onEvent: () => undefined,
})
pods.apply(mirror(wanted))
look()

function isReached(uid: Uid): boolean {
  return goal === 'ready' ? pods.isReady(uid) : gone.has(uid)
}

function look(): void {
  setImmediate(() => {
    if (wanted.every(({ metadata }) => isReached(metadata.uid ?? ''))) void end()
  })
}

async function end(): Promise<void> {
  if (ended) return
  ended = true
  process.stdout.write(JSON.stringify({ effects: count, sandboxes: await runtime.list() }))
  await pods.close()
  await runtime.close()
  await network.close()
}
