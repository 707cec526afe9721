import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestFleet } from '../../test/fleet.ts'

let fleet: TestFleet
let relay: Server
const sockets: Socket[] = []
/** Whether the network passes anything on; a connection that it lost is never heard of again. */
let passes = true

beforeEach(async () => {
  passes = true
  fleet = await TestFleet.open({ heartbeatSeconds: 0.1 })
  relay = createServer(client => {
    const engine = connect(fleet.address)
    sockets.push(client, engine)
    client.on('error', () => {})
    engine.on('error', () => {})
    client.on('data', data => void (passes && engine.write(data)))
    engine.on('data', data => void (passes && client.write(data)))
  })
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  relay.close()
  await fleet.remove()
})

test('a network that swallows everything is noticed on both sides, and the session comes back with it', async () => {
  const address = relay.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const agent = fleet.agent({ ...(await fleet.join('one')), engine: { host: '127.0.0.1', port } })
  await vi.waitFor(() => expect(agent.heard).toContain('welcome'))
  passes = false
  await vi.waitFor(() => expect(fleet.heard).toContain('left one'), 5_000)
  await vi.waitFor(() => expect(agent.heard).toContain('down: the engine does not answer'), 10_000)
  passes = true
  await vi.waitFor(() => expect(agent.heard.filter(line => line === 'welcome')).toHaveLength(2), 15_000)
  expect(fleet.heard.filter(line => line === 'joined one')).toHaveLength(2)
  expect(fleet.frontDoor.connected).toEqual(new Set(['one']))
})
