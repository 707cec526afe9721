import { expect, test } from 'vitest'
import type { ConfigMap } from '../api/types.ts'
import { refOf } from '../api/reference.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { ChangeCursor } from './store.ts'
import { createStore } from './store.ts'

function configMap(namespace: string, name: string, value = '1'): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { value } }
}

function change(resourceVersion: number, states: { before?: ConfigMap; after?: ConfigMap }): ObjectChange {
  const object = states.after ?? states.before
  if (object === undefined) throw new Error('a change has a state before or after it')
  return { ref: refOf(object), resourceVersion, decided: true, ...states }
}

const names = (objects: readonly { metadata: { name: string; namespace?: string } }[]): string[] =>
  objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)

function versions(read: ReturnType<ChangeCursor['read']> | undefined): unknown {
  return read === undefined || read === 'expired' ? read : read.map(each => each.resourceVersion)
}

const a1 = configMap('a', 'one')
const a2 = configMap('a', 'two')
const aMinus = configMap('a-b', 'one')
const b1 = configMap('b', 'one')

test('lists by key, and a namespace alone', () => {
  const store = createStore()
  store.publish([b1, a2, aMinus, a1].map((after, index) => change(index + 1, { after })))
  expect(names(store.list('ConfigMap'))).toEqual(['a-b/one', 'a/one', 'a/two', 'b/one'])
  expect(names(store.list('ConfigMap', 'a'))).toEqual(['a/one', 'a/two'])
  expect(store.list('ConfigMap', 'none')).toEqual([])
  expect(store.list('Pod')).toEqual([])
  expect(store.get('ConfigMap', 'a/two')).toBe(a2)
  expect(store.resourceVersion).toBe(4)
})

test('shows a list as it was at every resourceVersion that it still knows', () => {
  const store = createStore()
  const changed = configMap('a', 'one', '2')
  store.restore([b1], { resourceVersion: 10, oldestWatchable: 10 })
  store.publish([
    change(11, { after: a1 }),
    change(12, { before: a1, after: changed }),
    change(13, { before: b1 }),
    change(14, { before: changed }),
  ])
  const at = (resourceVersion: number, namespace?: string): unknown =>
    store.listAt('ConfigMap', { resourceVersion, ...(namespace === undefined ? {} : { namespace }) })
  expect([9, 10, 11, 12, 13, 14].map(version => at(version))).toEqual([
    undefined,
    [b1],
    [a1, b1],
    [changed, b1],
    [changed],
    [],
  ])
  expect(at(12, 'b')).toEqual([b1])
})

test('a watch reads what came after its resourceVersion, of its kind alone', () => {
  const store = createStore()
  let woken = 0
  store.publish([change(1, { after: a1 })])
  const watch = store.watch('ConfigMap', { after: 1, wake: () => woken++ })
  expect(versions(watch?.read(10))).toEqual([])
  store.publish([change(2, { after: a2 }), change(3, { after: b1 })])
  expect(woken).toBe(1)
  expect(versions(watch?.read(1))).toEqual([2])
  expect(versions(watch?.read(10))).toEqual([3])
  watch?.end()
  store.publish([change(4, { before: b1 })])
  expect(woken).toBe(1)
})

test('a watcher that falls behind what is kept is told so, however it reads on', () => {
  const store = createStore({ watchBuffer: 2 })
  const slow = store.watch('ConfigMap', { after: 0, wake: () => undefined })
  for (let version = 1; version <= 5; version++) store.publish([change(version, { before: a1, after: a1 })])
  expect(slow?.isExpired()).toBe(true)
  expect(slow?.read(10)).toBe('expired')
  expect(store.watch('ConfigMap', { after: 2, wake: () => undefined })).toBeUndefined()
  expect(store.listAt('ConfigMap', { resourceVersion: 2 })).toBeUndefined()
  const recent = store.watch('ConfigMap', { after: 3, wake: () => undefined })
  expect(versions(recent?.read(10))).toEqual([4, 5])
  // What other kinds went through does not age this one.
  expect(store.watch('Secret', { after: 0, wake: () => undefined })).toBeDefined()
})

test('nothing from before a restart can be continued', () => {
  const store = createStore()
  const watch = store.watch('ConfigMap', { after: 0, wake: () => undefined })
  store.restore([a1], { resourceVersion: 1000, oldestWatchable: 1000 })
  expect(watch?.read(1)).toBe('expired')
  expect(store.watch('ConfigMap', { after: 999, wake: () => undefined })).toBeUndefined()
  expect(store.watch('Pod', { after: 999, wake: () => undefined })).toBeUndefined()
  expect(store.watch('Pod', { after: 1000, wake: () => undefined })).toBeDefined()
})

test('waits for a resourceVersion to come, but not for ever', async () => {
  const store = createStore()
  const comes = store.reached(2, { timeoutMs: 5_000 })
  const stays = store.reached(3, { timeoutMs: 10 })
  store.publish([change(2, { after: a1 })])
  expect(await Promise.all([store.reached(1, { timeoutMs: 0 }), comes, stays])).toEqual([true, true, false])
})
