import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConfigMap, Pod } from '../engine/api/types.ts'
import type { AssignmentDelta, NodeSettings } from '../engine/protocol/session.ts'
import { Assignments } from './assignments.ts'
import { openJournal, readJournal } from './journal.ts'
import type { Journal } from './journal.ts'

const settings: NodeSettings = {
  clusterUid: 'c1',
  clusterName: 'hello',
  clusterDomain: 'cluster.local',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/24',
}

let folder: string
let file: string
let assignments: Assignments
let journal: Journal

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-journal-'))
  file = join(folder, 'assignments.jsonl')
  assignments = new Assignments(settings, 'one')
  journal = openJournal(file, assignments)
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

function configMap(name: string, value = ''): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } }
}

async function tell(delta: Partial<AssignmentDelta> & { resourceVersion: number }): Promise<void> {
  const whole = { full: false, put: [], delete: [], ...delta }
  assignments.apply(whole)
  await journal.keep(whole)
}

test('an agent that was killed knows all that it was told', async () => {
  await tell({ full: true, resourceVersion: 1, put: [configMap('a'), configMap('b')] })
  await tell({ resourceVersion: 2, put: [configMap('c')] })
  await tell({ resourceVersion: 3, delete: [{ kind: 'ConfigMap', key: 'default/a' }] })
  const read = await readJournal(file, 'one')
  expect(read?.whole()).toEqual({ full: true, resourceVersion: 3, put: [configMap('b'), configMap('c')], delete: [] })
  expect(read?.settings).toEqual(settings)
})

test('a line that was cut short is not there', async () => {
  await tell({ full: true, resourceVersion: 1, put: [configMap('a')] })
  await appendFile(file, '{"full":false,"resourceVersion":2,"put":[')
  expect((await readJournal(file, 'one'))?.resourceVersion).toBe(1)
})

test.each([
  { name: 'no JSON', line: '{"full":fal', what: /Unexpected|JSON/ },
  { name: 'no delta', line: '{"full":false}', what: 'resourceVersion must be number, not undefined' },
  { name: 'an object that is none', line: '{"full":false,"resourceVersion":2,"put":[null],"delete":[]}', what: 'null' },
])('a damaged line before the last is an error that tells where, and what to do: $name', async ({ line, what }) => {
  await tell({ full: true, resourceVersion: 1, put: [configMap('a')] })
  await appendFile(file, `${line}\n{"full":false,"resourceVersion":3,"put":[],"delete":[]}\n`)
  const read = readJournal(file, 'one')
  await expect(read).rejects.toThrow(`${file}:3 is damaged (`)
  await expect(read).rejects.toThrow(what)
  await expect(read).rejects.toThrow(
    'remove the file and start the agent again while the engine runs: it is told everything anew',
  )
})

test.each(['', '{"clusterUid":', '{"clusterUid":"c1"}', '[]', 'null'])(
  'damaged settings are an error: %s',
  async text => {
    await writeFile(file, `${text}\n`)
    await expect(readJournal(file, 'one')).rejects.toThrow(`${file}:1 is damaged (`)
  },
)

test('a node without a journal was told nothing', async () => {
  expect(await readJournal(file, 'one')).toBeUndefined()
})

test('the file holds Secrets, and nobody else may read it', async () => {
  await tell({ full: true, resourceVersion: 1 })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('the first write of a new agent holds what the one before it knew', async () => {
  await tell({ full: true, resourceVersion: 1, put: [configMap('a')] })
  const next = await readJournal(file, 'one')
  if (next === undefined) throw new Error('nothing was kept')
  const delta = { full: false, resourceVersion: 2, put: [configMap('b')], delete: [] }
  next.apply(delta)
  await openJournal(file, next).keep(delta)
  expect((await readJournal(file, 'one'))?.whole().put).toEqual([configMap('a'), configMap('b')])
})

test('what the agent saw of a pod is known to the next one, and of another pod of that name is not', async () => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u1' },
    spec: { containers: [], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
  }
  await tell({ full: true, resourceVersion: 1, put: [pod] })
  const status = { phase: 'Running' } as const
  const delta = assignments.saw({ uid: 'u1', namespace: 'default', name: 'web', status })
  if (delta === undefined) throw new Error('the pod is not known')
  await journal.keep(delta)
  expect(assignments.saw({ uid: 'u2', namespace: 'default', name: 'web', status })).toBeUndefined()
  expect(assignments.saw({ uid: 'u1', namespace: 'default', name: 'web', gone: true })).toBeUndefined()
  const read = await readJournal(file, 'one')
  expect(read?.pods()).toEqual([{ ...pod, status }])
  expect(read?.resourceVersion).toBe(1)
})

test('deltas are folded once they outgrow what they change', async () => {
  await tell({ full: true, resourceVersion: 1 })
  for (let version = 2; version < 20; version++) {
    await tell({ resourceVersion: version, put: [configMap('a', 'x'.repeat(200_000))] })
  }
  expect((await readFile(file, 'utf8')).length).toBeLessThan(2_000_000)
  expect((await readJournal(file, 'one'))?.resourceVersion).toBe(19)
})

test('deltas at the same time are kept in order', async () => {
  await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      tell({ full: index === 0, resourceVersion: index + 1, put: [configMap('a', String(index))] }),
    ),
  )
  await journal.close()
  expect((await readJournal(file, 'one'))?.configMap('default', 'a')?.data).toEqual({ value: '49' })
})
