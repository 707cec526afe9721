import { once } from 'node:events'
import { constants, performServerHandshake } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import { afterEach, expect, test, vi } from 'vitest'
import { dialEngine } from '../../agent/identity/dial.ts'
import { keyOf } from '../api/reference.ts'
import { sessionProtocol } from '../protocol/joining.ts'
import { createLineDecoder, encodeLine } from '../protocol/lines.ts'
import { parseEngineMessage } from '../protocol/parse.ts'
import { protocolVersions } from '../protocol/versions.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { TestFleet } from '../../test/fleet.ts'

let fleet: TestFleet
afterEach(() => fleet.remove())

const megabyte = 1 << 20
/** 20 objects of 50 kB, each changed in every round: 1 MB a round. */
function round(number: number): AssignmentDelta {
  const put = Array.from({ length: 20 }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c${index}`, namespace: 'shop', resourceVersion: String(number) },
    data: { text: `${number} `.padEnd(50_000, 'x') },
  }))
  return { full: false, resourceVersion: number, put, delete: [] }
}

test('one that reads nothing costs the others nothing, and hears the latest word when it reads again', async () => {
  fleet = await TestFleet.open({ heartbeatSeconds: 5 })
  const quick = fleet.agent(await fleet.join('quick'))
  const { engine, certificate: cert, key, authorities: ca } = await fleet.join('slow')
  const socket = await dialEngine(engine, { protocol: sessionProtocol, tls: { ca, cert, key } })
  const session = performServerHandshake(socket)
  const [stream] = (await once(session, 'stream')) as [ServerHttp2Stream]
  stream.respond({ [constants.HTTP2_HEADER_STATUS]: 200 })
  const node = { name: 'slow', labels: {}, taints: [], status: {} }
  stream.write(encodeLine({ type: 'hello', versions: protocolVersions, node, network: 'bridged' }))
  await vi.waitFor(() => expect(fleet.frontDoor.connected).toEqual(new Set(['quick', 'slow'])))

  const rounds = 200
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  for (let number = 1; number <= rounds; number++) {
    for (const name of ['slow', 'quick']) fleet.frontDoor.send(name, round(number))
    await vi.waitFor(() => expect(quick.told.at(-1)?.resourceVersion).toBe(number), { timeout: 5_000, interval: 1 })
    quick.told.length = 0
  }
  // 200 MB were not kept for it: what waits is its view, of 1 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * megabyte)

  const objects = new Map<string, string | undefined>()
  let version = 0
  let received = 0
  const decode = createLineDecoder(json => {
    const message = parseEngineMessage(json)
    if (message.type !== 'assign') return
    for (const { metadata } of message.delta.put) {
      objects.set(keyOf(metadata.name, metadata.namespace), metadata.resourceVersion)
    }
    version = message.delta.resourceVersion
  })
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk.length
    decode(chunk)
  })
  await vi.waitFor(() => expect(version).toBe(rounds), 10_000)
  expect([...objects.values()]).toEqual(Array.from({ length: 20 }, () => String(rounds)))
  expect(received).toBeLessThan(20 * megabyte)
  socket.destroy()
})
