import { once } from 'node:events'
import { constants, performServerHandshake } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dialEngine } from '../../agent/identity/dial.ts'
import { TestFleet } from '../../test/fleet.ts'
import { sessionProtocol } from '../protocol/joining.ts'
import { createLineDecoder, encodeLine } from '../protocol/lines.ts'

let fleet: TestFleet
beforeEach(async () => {
  fleet = await TestFleet.open()
})
afterEach(() => fleet.remove())

const node = { name: 'one', labels: {}, taints: [], status: {} }
const versions = { oldest: 7, newest: 9 }

test.each([
  {
    name: 'an agent of a later protocol, whose hello holds who knows what',
    hello: { type: 'hello', versions, greeting: 'good morning' },
    reason: 'the agent speaks versions 7 to 9 of the protocol, the engine version 2',
    remedy: "upgrade Gantry on the engine's machine",
  },
  {
    name: 'an agent of an earlier one',
    hello: { type: 'hello', versions: { oldest: 1, newest: 1 }, node, network: 'bridged' },
    reason: 'the agent speaks version 1 of the protocol, the engine version 2',
    remedy: 'upgrade Gantry on the node',
  },
])('$name is told what to do', async ({ hello, reason, remedy }) => {
  const { engine, certificate: cert, key, authorities: ca } = await fleet.join('one')
  const socket = await dialEngine(engine, { protocol: sessionProtocol, tls: { ca, cert, key } })
  const [stream] = (await once(performServerHandshake(socket), 'stream')) as [ServerHttp2Stream]
  const heard: unknown[] = []
  stream.setEncoding('utf8').on(
    'data',
    createLineDecoder(json => heard.push(json)),
  )
  stream.respond({ [constants.HTTP2_HEADER_STATUS]: 200 })
  stream.write(encodeLine(hello))
  await vi.waitFor(() => expect(heard).toEqual([{ type: 'refused', reason, remedy }]))
  expect(fleet.heard).toContain(`refused ${reason}`)
  expect(fleet.frontDoor.connected).toEqual(new Set())
  socket.destroy()
})
