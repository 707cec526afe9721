import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import type { Duplex } from 'node:stream'
import { StreamRefused } from '../../engine/protocol/streams.ts'
import type { FoundPod } from './find-container.ts'

/** How long a port may take to answer. */
const connectMs = 10_000

/** A connection to a port of a pod. Rejects with StreamRefused where nothing listens there. */
export async function connectToPort({ pod, observed }: FoundPod, port: number): Promise<Socket> {
  const host = observed.sandbox?.ip ?? pod.status?.podIP
  const what = `error forwarding port ${port} to pod ${pod.metadata.name}`
  if (host === undefined) throw new StreamRefused(503, `${what}: it has no address yet`)
  const socket = connect({ host, port, allowHalfOpen: true, timeout: connectMs })
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy()
      reject(new StreamRefused(503, `${what}: dial tcp ${host}:${port}: ${why}`))
    }
    socket.once('error', (error: NodeJS.ErrnoException) => {
      fail(error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message)
    })
    socket.once('timeout', () => fail('i/o timeout'))
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

/** Each direction ends for itself; where one breaks, both do. */
export async function joinStreams(one: Duplex, other: Duplex): Promise<void> {
  one.pipe(other).pipe(one)
  try {
    await Promise.all([finished(one), finished(other)])
  } finally {
    one.destroy()
    other.destroy()
  }
}
