import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { refOf } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { openRepository } from '../git/open.ts'
import type { Repository } from '../git/repository.ts'
import { verifyCommit } from '../git/signature.ts'
import { ensureSigningKey } from '../git/signing-key.ts'
import { markApplied, readFates } from './fate.ts'
import { createMirror } from './mirror.ts'
import { createRecorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'
import { digestWith, ensureDigestKey, holdsDigests, matchesDigest } from './secret-digest.ts'
import type { DigestKey } from './secret-digest.ts'

const at = new Date('2026-11-20T20:00:00Z')
let folder = ''
let repository: Repository
let trustedKey = ''
let digestKey: DigestKey
let recorder: Recorder

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-record-'))
  trustedKey = await ensureSigningKey(join(folder, 'keys/signing.pem'))
  digestKey = await ensureDigestKey(join(folder, 'keys/digest'))
  await open()
})
afterEach(async () => {
  await repository.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<void> {
  repository = await openRepository(join(folder, 'r.git'), {
    signingKey: join(folder, 'keys/signing.pem'),
    create: { defaultBranch: 'main' },
  })
  recorder = createRecorder({ repository, cluster: 'hello', trustedKeys: [trustedKey], digest: digestWith(digestKey) })
}

async function reopen(): Promise<void> {
  await repository.close()
  await open()
}

function object(kind: string, name: string, more: object = {}): KubeObject {
  return {
    apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
    kind,
    metadata: { name, namespace: 'shop', resourceVersion: '1' },
    ...more,
  }
}

function change(before: KubeObject | undefined, after: KubeObject | undefined): ObjectChange {
  const some = after ?? before ?? object('Pod', 'none')
  return {
    ref: refOf(some),
    resourceVersion: 1,
    decided: true,
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
  }
}

function seen(before: KubeObject, after: KubeObject): ObjectChange {
  return { ...change(before, after), decided: false }
}

const created = (...objects: KubeObject[]) => objects.map(after => change(undefined, after))

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/)
const anyObject: fc.Arbitrary<KubeObject> = fc
  .record({
    kind: fc.constantFrom(
      ['v1', 'ConfigMap'],
      ['apps/v1', 'Deployment'],
      ['v1', 'Pod'],
      ['x.io/v1', 'Gizmo'],
      ['v1', 'Node'],
    ),
    name: fc.oneof(name, fc.constant('a'.repeat(253)), fc.constant('System:Node.CON')),
    namespace: name,
    spec: fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }),
    data: fc.option(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), { nil: undefined }),
    owner: fc.option(name, { nil: undefined }),
  })
  .map(toObject)

interface Parts {
  readonly kind: readonly string[]
  readonly name: string
  readonly namespace: string
  readonly spec: unknown
  readonly data: unknown
  readonly owner: string | undefined
}

function toObject({ kind: [apiVersion = '', kind = ''], name, namespace, spec, data, owner }: Parts): KubeObject {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner ?? '', uid: 'u', controller: true }]
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      uid: `${kind}-1`,
      resourceVersion: '7',
      ...(kind === 'Node' ? {} : { namespace }),
      ...(owner === undefined ? {} : { ownerReferences }),
    },
    ...(spec === undefined ? {} : { spec }),
    ...(data === undefined ? {} : { data }),
  }
}

function id(value: KubeObject): string {
  return JSON.stringify(refOf(value))
}

function sorted(objects: readonly KubeObject[]): unknown {
  const texts = JSON.parse(JSON.stringify(objects)) as KubeObject[]
  return texts.toSorted((a, b) => (id(a) < id(b) ? -1 : 1))
}

const node = (beat: string, ready: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', resourceVersion: beat },
  status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: beat, lastProbeTime: beat }] },
})

async function writeForeign(files: Record<string, string>, sign: boolean): Promise<void> {
  const ref = recorder.ref
  const expected = await repository.resolve(ref)
  const author = { name: 'Mallory', email: 'm@example.org' }
  await repository.commit({
    ref,
    expected,
    changes: new Map(Object.entries(files)),
    message: 'x',
    author,
    at: 1,
    sign,
  })
  await reopen()
}

const secret = (data: Record<string, string>): KubeObject => ({
  ...object('Secret', 'db', { data, type: 'Opaque' }),
  metadata: {
    name: 'db',
    namespace: 'shop',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"p":"aHVudGVyMg=="}}' },
  },
})

test('restore(record(x)) equals x, whatever came before', async () => {
  const cluster = new Map<string, KubeObject>()
  const batch = fc.uniqueArray(fc.record({ after: anyObject, gone: fc.boolean() }), {
    selector: ({ after }) => JSON.stringify(refOf(after)),
    minLength: 1,
  })
  await fc.assert(
    fc.asyncProperty(batch, async steps => {
      const changes = steps.flatMap(({ after, gone }) => {
        const id = JSON.stringify(refOf(after))
        const before = cluster.get(id)
        if (gone && !before) return []
        if (gone) cluster.delete(id)
        else cluster.set(id, after)
        return [change(before, gone ? undefined : after)]
      })
      await recorder.record(changes, at)
      expect(sorted((await recorder.restore()) ?? [])).toEqual(sorted([...cluster.values()]))
    }),
    { numRuns: 30 },
  )
  await reopen()
  expect(sorted((await recorder.restore()) ?? [])).toEqual(sorted([...cluster.values()]))
})

describe('record', () => {
  test('is one signed commit with a subject in words and trailers', async () => {
    const cluster: KubeObject = {
      apiVersion: 'gantry.dev/v1',
      kind: 'Cluster',
      metadata: { name: 'hello' },
      status: { revision: { commit: 'c0ffee' }, health: 'Progressing' },
    }
    const head = await recorder.record(created(cluster, object('Deployment', 'web'), object('Service', 'web')), at)
    const { message, author, committedAt, parents } = await repository.readCommit(head ?? '')
    expect({ message, author, committedAt, parents }).toEqual({
      message: [
        'shop/web: created Deployment, Service',
        '',
        'created Cluster.gantry.dev hello',
        'created Deployment shop/web',
        'created Service shop/web',
        '',
        'Desired-Commit: c0ffee',
        'Cluster: hello',
        '',
      ].join('\n'),
      author: { name: 'Gantry', email: 'gantry@localhost' },
      committedAt: at.getTime() / 1000,
      parents: [],
    })
    expect(await verifyCommit(repository, head ?? '', [trustedKey])).toBe(true)
    await reopen()
    await recorder.restore()
    const next = await recorder.record(created(object('ConfigMap', 'x')), at)
    expect((await repository.readCommit(next ?? '')).message).toContain('Desired-Commit: c0ffee\nCluster: hello\n')
  })

  test.each([
    { name: 'no change', changes: [], commits: 0 },
    { name: 'an event', changes: created(object('Event', 'web.1')), commits: 0 },
    { name: 'a heartbeat', changes: [seen(node('1', 'True'), node('2', 'True'))], commits: 0 },
    {
      name: 'what came and went',
      changes: [...created(object('Pod', 'a')), change(object('Pod', 'a'), undefined)],
      commits: 0,
    },
    { name: 'a condition', changes: [seen(node('1', 'True'), node('2', 'False'))], commits: 1 },
  ])('$name makes $commits commits', async ({ changes, commits }) => {
    await recorder.record(changes, at)
    expect(await repository.listRefs('refs/heads/observed/')).toHaveLength(commits)
  })

  test('two records that follow each other, and a pod that gets an owner', async () => {
    const pod = object('Pod', 'web-1')
    const owned = {
      ...pod,
      metadata: {
        ...pod.metadata,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
      },
    }
    await recorder.record(created(pod), at)
    await recorder.record([change(pod, owned)], at)
    expect(await recorder.restore()).toEqual([owned])
  })

  test('goes on after an error, also one that came after the reference had moved', async () => {
    await recorder.record(created(object('Pod', 'a')), at)
    const changes = created(object('Pod', 'b'))
    const failing: Repository = Object.create(repository, {
      path: { value: repository.path },
      resolve: { value: repository.resolve.bind(repository) },
      readRawCommit: { value: repository.readRawCommit.bind(repository) },
      commit: {
        value: async (request: Parameters<Repository['commit']>[0]) => {
          await repository.commit(request)
          throw new Error('the power flickered')
        },
      },
    }) as Repository
    const shaky = createRecorder({
      repository: failing,
      cluster: 'hello',
      trustedKeys: [trustedKey],
      digest: digestWith(digestKey),
    })
    await expect(shaky.record(changes, at)).rejects.toThrow('the power flickered')
    await expect(shaky.record(changes, at)).rejects.toThrow('the power flickered')
    await reopen()
    expect(await recorder.restore()).toHaveLength(2)
  })
})

describe('restore', () => {
  test('of nothing', async () => {
    expect(await recorder.restore()).toBeUndefined()
  })

  test('refuses an unsigned head, and so does record', async () => {
    await recorder.record(created(object('Pod', 'a')), at)
    await writeForeign({ 'cluster.yaml': 'kind: Cluster\n' }, false)
    const refusal = { name: 'RecordError', code: 'Foreign', remedy: expect.stringContaining('git --git-dir') }
    await expect(recorder.restore()).rejects.toMatchObject(refusal)
    await expect(recorder.record(created(object('Pod', 'b')), at)).rejects.toMatchObject(refusal)
  })

  test('refuses a head that another key signed', async () => {
    await recorder.record(created(object('Pod', 'a')), at)
    rmSync(join(folder, 'keys/signing.pem'))
    trustedKey = await ensureSigningKey(join(folder, 'keys/signing.pem'))
    await reopen()
    await expect(recorder.restore()).rejects.toMatchObject({ code: 'Foreign' })
  })

  test.each([
    { name: 'a file that is no object', files: { 'README.md': '# hello\n' }, says: /README\.md: line 1 is not as/ },
    { name: 'an object without a name', files: { 'cluster.yaml': 'kind: Cluster\n' }, says: /holds no object/ },
    {
      name: 'an object in the wrong place',
      files: { 'cluster/nodes/a.yaml': 'apiVersion: v1\nkind: Node\nmetadata:\n  name: b\n' },
      says: /holds Node b, which belongs in cluster\/nodes\/b\.yaml/,
    },
  ])('refuses $name', async ({ files, says }) => {
    await writeForeign(files, true)
    await expect(recorder.restore()).rejects.toMatchObject({
      code: 'UnknownLayout',
      message: expect.stringMatching(says),
    })
  })
})

describe('secrets', () => {
  const known = secret({ p: 'aHVudGVyMg==', q: 'eA==' })

  test('never reach the repository, and are known again', async () => {
    const head = await recorder.record(created(known), at)
    const { tree } = await repository.readCommit(head ?? '')
    const paths = await repository.diff(undefined, tree)
    expect(paths).toEqual(['namespaces/shop/secrets/db.yaml'])
    const [restored] = (await recorder.restore()) ?? []
    if (!restored) throw new Error('nothing was restored')
    expect(JSON.stringify(restored)).not.toMatch(/aHVudGVyMg|hunter2|eA==/)
    expect(restored.data).toEqual({
      p: expect.stringMatching(/^gantry-digest:[0-9a-f]{8}:[0-9a-f]{64}$/),
      q: expect.stringMatching(/^gantry-digest:/),
    })
    expect([holdsDigests(known), holdsDigests(restored)]).toEqual([false, true])
    const verdicts = [
      known,
      secret({ p: 'eA==', q: 'eA==' }),
      secret({ p: 'aHVudGVyMg==' }),
      secret({ p: 'aHVudGVyMg==', r: 'eA==' }),
    ]
    expect(verdicts.map(wanted => matchesDigest(wanted, restored, { digestKey }))).toEqual([
      'same',
      'changed',
      'changed',
      'changed',
    ])
    const other = await ensureDigestKey(join(folder, 'other'))
    expect(matchesDigest(known, restored, { digestKey: other })).toBe('unknown')
    // Recording what was read back does not hash the hashes.
    expect(await recorder.record([seen(known, restored)], at)).toBeUndefined()
  })

  test('the same value in two places reads differently', async () => {
    const digest = digestWith(digestKey)
    expect(digest('eA==', { key: 'a/b', field: 'c' })).not.toBe(digest('eA==', { key: 'a/b', field: 'd' }))
  })

  test('the key is private and lasts', async () => {
    expect(statSync(join(folder, 'keys/digest')).mode & 0o777).toBe(0o600)
    expect(await ensureDigestKey(join(folder, 'keys/digest'))).toEqual(digestKey)
    expect(readFileSync(join(folder, 'keys/digest'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
    writeFileSync(join(folder, 'keys/digest'), 'x')
    await expect(ensureDigestKey(join(folder, 'keys/digest'))).rejects.toThrow('64 hexadecimal digits')
  })
})

test('applied commits are marked, kept and read back', async () => {
  const commit = await recorder.record(created(object('Pod', 'a')), at)
  const place = { repository, cluster: 'hello' }
  if (commit === undefined) throw new Error('nothing was recorded')
  await markApplied(place, { commit, appliedAt: '2026-11-20T20:00:00Z' })
  await markApplied(place, { commit, appliedAt: '2026-11-20T20:00:00Z', healthyAt: '2026-11-20T20:00:03Z' })
  expect(await readFates(place, [commit, 'a'.repeat(40)])).toEqual(
    new Map([[commit, { appliedAt: '2026-11-20T20:00:00Z', healthyAt: '2026-11-20T20:00:03Z' }]]),
  )
  expect(await repository.resolve('refs/gantry/applied/hello')).toBe(commit)
})

test('the mirror pushes at most once an interval, and goes on when the remote is back', async () => {
  await recorder.record(created(object('Pod', 'a')), at)
  const pushes: (readonly string[])[] = []
  let away = false
  const remote = {
    push: async (refs: readonly string[]) => {
      if (away) throw new Error('the remote is away')
      pushes.push(refs)
    },
  }
  const mirror = createMirror({ repository, remote, refs: [recorder.ref, 'refs/notes/gantry/hello'], interval: 100 })
  for (let n = 0; n < 50; n++) mirror.changed()
  expect(mirror.state()).toEqual({ behindSince: expect.any(Number) })
  await expect.poll(() => pushes).toEqual([[recorder.ref]])
  away = true
  mirror.changed()
  await expect.poll(() => mirror.state()).toEqual({ behindSince: expect.any(Number), problem: 'the remote is away' })
  away = false
  await expect.poll(() => mirror.state()).toEqual({})
  expect(pushes).toHaveLength(2)
  await mirror.close()
})
