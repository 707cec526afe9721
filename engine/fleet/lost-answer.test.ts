import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { joinEngine } from '../../agent/identity/join.ts'
import { TestFleet } from '../../test/fleet.ts'

let fleet: TestFleet
let relay: Server
const sockets: Socket[] = []
/** Cuts every connection as soon as the engine has granted a certificate, before its answer arrives. */
let cuts = true

beforeEach(async () => {
  cuts = true
  fleet = await TestFleet.open()
  relay = createServer(client => {
    const engine = connect(fleet.address)
    sockets.push(client, engine)
    for (const socket of [client, engine]) socket.on('error', () => {})
    client.pipe(engine)
    engine.on('data', data => {
      if (cuts && fleet.heard.includes('certificate one')) for (const socket of sockets) socket.destroy()
      else client.write(data)
    })
    engine.on('end', () => client.end())
  })
  await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  relay.close()
  await fleet.remove()
})

test('a node whose answer was lost asks again, and its token still lets it in, but nobody else', async () => {
  const address = relay.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const token = await fleet.token()
  const folder = join(fleet.folder, 'one')
  const asking = { folder, engine: { host: '127.0.0.1', port }, token, node: 'one', network: 'bridged' } as const
  await expect(joinEngine(asking)).rejects.toThrow()
  expect(fleet.tokens.list(Date.now())).toMatchObject([{ used: [{ node: 'one' }] }])
  cuts = false
  await expect(joinEngine({ ...asking, folder: join(fleet.folder, 'thief') })).rejects.toThrow('was used by node one')
  expect(await joinEngine(asking)).toMatchObject({ node: 'one' })
  expect(fleet.tokens.list(Date.now())).toMatchObject([{ used: [{ node: 'one' }] }])
})
