import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAddresses } from './addresses.ts'
import { parseCidr } from './cidr.ts'

let folder = ''
let file = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-addresses-'))
  file = join(folder, 'network', 'addresses.json')
})
afterEach(() => rm(folder, { recursive: true }))

const range = parseCidr('10.1.0.0/29')

test('a pod keeps its address, over a restart too, until it is released', async () => {
  const first = await openAddresses({ file, range })
  expect(await Promise.all(['a', 'b', 'a'].map(first.allocate))).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.2'])
  const second = await openAddresses({ file, range })
  expect(await second.allocate('b')).toBe('10.1.0.3')
  await second.release('b')
  await second.release('never seen')
  expect([...second.holders()]).toEqual(['a'])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ last: 3, pods: { a: '10.1.0.2' } })
})

test('a released address rests until the others have been given', async () => {
  const addresses = await openAddresses({ file, range })
  await addresses.allocate('a')
  await addresses.release('a')
  const given: string[] = []
  for (const uid of ['b', 'c', 'd', 'e', 'f']) given.push(await addresses.allocate(uid))
  expect(given).toEqual(['10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6', '10.1.0.2'])
})

test('an exhausted range says so, and serves again after a release', async () => {
  const addresses = await openAddresses({ file, range })
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map(addresses.allocate))
  await expect(addresses.allocate('f')).rejects.toThrow(
    'no address is left for another pod: all 5 of the node’s range'.replace('’', "'") +
      ' from 10.1.0.0 are taken; give the node a wider podCIDR or run fewer pods on it',
  )
  await addresses.release('c')
  expect(await addresses.allocate('f')).toBe('10.1.0.4')
})

test('an address of an earlier range is given up', async () => {
  await (await openAddresses({ file, range })).allocate('a')
  const moved = await openAddresses({ file, range: parseCidr('10.2.0.0/24') })
  expect(await moved.allocate('a')).toBe('10.2.0.3')
})

test.each(['', '{', '[]', '{"last":1}', '{"last":1,"pods":{"a":7}}'])('a damaged file is refused: %s', async text => {
  const damaged = join(folder, 'addresses.json')
  await writeFile(damaged, text)
  await expect(openAddresses({ file: damaged, range })).rejects.toThrow(
    `${damaged} is damaged; it says which pod has which address: stop this node's pods, then remove it`,
  )
})
