/** When a server is really asked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { container } from '../pods/fixtures.ts'
import { createProber } from './prober.ts'

test('a container that is up is asked once a period', async () => {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const prober = createProber({ now: () => performance.now(), onChange: () => {}, onFailure: () => {} })
  const startedAt = performance.now()
  const periodSeconds = 0.05
  const readinessProbe = {
    httpGet: { path: '/', port, scheme: 'HTTP' as const },
    initialDelaySeconds: 0,
    timeoutSeconds: 1,
    periodSeconds,
    successThreshold: 1,
    failureThreshold: 3,
  }
  prober.probe('uid', [
    {
      podUid: 'uid',
      container: { ...container('web'), readinessProbe },
      containerId: 'web-0',
      host: '127.0.0.1',
      runtime: { exec: () => Promise.reject(new Error('no probe is a command')) },
      startedAt,
      found: undefined,
    },
  ])
  while (asked < 20) await sleep(5)
  const periods = (performance.now() - startedAt) / 1000 / periodSeconds
  prober.close()
  server.close()
  // The first try is at the start, and a timer may ring a little early.
  expect(asked).toBeLessThanOrEqual(periods + 2)
})
