import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod } from '../../engine/api/types.ts'
import { createSpecStore } from './spec-store.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-specs-'))
})
afterEach(() => rm(folder, { recursive: true }))

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
  spec: { containers: [], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
}

test('what was saved is loaded, until it is removed', async () => {
  const specs = createSpecStore(folder)
  await specs.save(pod)
  expect(await createSpecStore(folder).load()).toEqual(new Map([['u1', pod]]))
  await specs.remove('u1')
  expect(await specs.load()).toEqual(new Map())
})

test.each(['', '{"kind":"Pod"', 'null', '[]', '{"kind":"Pod"}', '{"kind":"Pod","metadata":{"uid":"u2"}}'])(
  'a damaged spec is as none, and hides no other: %s',
  async text => {
    const specs = createSpecStore(folder)
    await specs.save(pod)
    await mkdir(join(folder, 'u2'))
    await writeFile(join(folder, 'u2/pod.json'), text)
    expect(await specs.load()).toEqual(new Map([['u1', pod]]))
  },
)

test('a spec that cannot be read is an error, not a pod without one', async () => {
  await mkdir(join(folder, 'u2/pod.json'), { recursive: true })
  await expect(createSpecStore(folder).load()).rejects.toThrow('EISDIR')
})
