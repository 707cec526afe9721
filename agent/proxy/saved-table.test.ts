import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bootId } from '../../machine/processes.ts'
import { parseRequest } from './messages.ts'
import { readSavedTable, tableSaver } from './saved-table.ts'
import type { ProxyPort, ProxyTable } from './table.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-table-'))
  path = join(folder, 'table.json')
})
afterEach(() => rm(folder, { recursive: true }))

const port: ProxyPort = {
  namespace: 'shop',
  name: 'web',
  protocol: 'TCP',
  address: '10.96.0.1',
  port: 80,
  endpoints: [{ address: '10.244.0.2', port: 8080 }],
  affinitySeconds: 60,
}

test('the last table that was kept is read again', async () => {
  const save = tableSaver(path, error => expect.unreachable(error.message))
  const last: ProxyTable = { ports: [port] }
  for (const table of [{ ports: [] }, { ports: [] }, last]) save(table)
  while (!(await readFile(path, 'utf8').catch(() => '')).includes('10.244.0.2'));
  expect(await readSavedTable(path)).toEqual(last)
})

test('there is none at first, nor of another boot', async () => {
  expect(await readSavedTable(path)).toBeUndefined()
  await writeFile(path, JSON.stringify({ boot: 'another', table: { ports: [port] } }))
  expect(await readSavedTable(path)).toBeUndefined()
})

test.each<{ name: string; table: unknown }>([
  { name: 'nothing', table: undefined },
  { name: 'a list', table: [port] },
  { name: 'ports that are no list', table: { ports: {} } },
  { name: 'a port of nothing', table: { ports: [null] } },
  { name: 'another protocol', table: { ports: [{ ...port, protocol: 'SCTP' }] } },
  { name: 'a port without an address', table: { ports: [{ ...port, address: undefined }] } },
  { name: 'a port beyond the last', table: { ports: [{ ...port, port: 65_536 }] } },
  { name: 'an endpoint whose port is none', table: { ports: [{ ...port, endpoints: [{ ...port, port: 0.5 }] }] } },
  { name: 'an affinity in words', table: { ports: [{ ...port, affinitySeconds: '60' }] } },
])('a table is refused, from a file and from an agent: $name', async ({ table }) => {
  await writeFile(path, JSON.stringify({ boot: bootId(), table }))
  await expect(readSavedTable(path)).rejects.toThrow(
    `${path} is damaged; nothing is served until the agent sends the table, which replaces the file`,
  )
  expect(() => parseRequest({ type: 'apply', id: 1, table })).toThrow('the agent sent the proxy what is no request')
})
