/**
 * The program that the kill tests kill: records one object after another and says on its output which are durable.
 * With a number it kills itself before or after its n-th fsync.
 */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { openRepository } from '../../git/open.ts'
import { ensureSigningKey } from '../../git/signing-key.ts'
import { createRecorder } from '../recorder.ts'
import { digestWith, ensureDigestKey } from '../secret-digest.ts'
import { createVersionReserve } from '../version-reserve.ts'

const [folder = '', when = '', count = '0'] = process.argv.slice(2)
if (Number(count) > 0) await killAtSync(Number(count), when === 'before')

const trustedKeys = [await ensureSigningKey(join(folder, 'keys/signing.pem'))]
const digest = digestWith(await ensureDigestKey(join(folder, 'keys/digest')))
const repository = await openRepository(join(folder, 'r.git'), {
  signingKey: join(folder, 'keys/signing.pem'),
  create: { defaultBranch: 'main' },
})
const recorder = createRecorder({ repository, cluster: 'hello', trustedKeys, digest })
const versions = await createVersionReserve({ file: join(folder, 'resource-version'), block: 2 })
const found = (await recorder.restore()) ?? []

for (let n = found.length; ; n++) {
  const name = `c${n}`
  const version = versions.start + n + 1
  await versions.ensure(version)
  const metadata = { name, namespace: `ns${n % 3}`, resourceVersion: String(version) }
  const after = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { n: String(n) } }
  const ref = { kind: 'ConfigMap', key: `ns${n % 3}/${name}` }
  await recorder.record([{ ref, after, resourceVersion: version, decided: true }], new Date())
  process.stdout.write(`${version}\n`)
  if (n % 5 === 4) void repository.consolidate()
}

async function killAtSync(count: number, before: boolean): Promise<void> {
  const handle = await open('/dev/null')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { sync } = prototype
  let left = count
  prototype.sync = async function (this: FileHandle) {
    left -= 1
    // Decided here: other fsyncs may begin while this one waits.
    const isTheOne = left === 0
    if (before && isTheOne) process.kill(process.pid, 'SIGKILL')
    await sync.call(this)
    if (isTheOne) process.kill(process.pid, 'SIGKILL')
  }
}
