/** One connection to a proxy. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLineDecoder, encodeLine } from '../../engine/protocol/lines.ts'
import type { ServiceProblem } from '../../engine/protocol/session.ts'
import { parseAnswer, type ProxyAnswer, type ProxyRequest } from './messages.ts'

export interface Link {
  readonly clusterUid: string
  readonly build: string
  readonly pid: number
  /** What is sent on a connection that has ended is lost: `onClose` tells. */
  send(request: ProxyRequest): void
  /** Ends this connection. `onClose` is not called. */
  close(): void
  /** Tells the proxy to leave; resolves when its addresses are free. `onClose` is not called. */
  leave(options: { now: boolean }): Promise<void>
}

export interface LinkEvents {
  onApplied(id: number, problems: readonly ServiceProblem[]): void
  onProblems(problems: readonly ServiceProblem[]): void
  onClose(): void
}

const answerTimeoutMs = 5000

/** Undefined where nobody listens. Rejects where a proxy listens and does not answer. */
export async function connectTo(path: string, events: LinkEvents): Promise<Link | undefined> {
  const socket = connect({ path }).setEncoding('utf8')
  try {
    await once(socket, 'connect')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw error
  }
  const hello = await greeting(socket, path)
  const decode = createLineDecoder(json => {
    const answer = parseAnswer(json)
    if (answer.type === 'applied') events.onApplied(answer.id, answer.problems)
    if (answer.type === 'problems') events.onProblems(answer.problems)
  })
  socket.on('data', (text: string) => {
    try {
      decode(text)
    } catch {
      // Then it is no proxy of ours: the connection is made anew.
      socket.destroy()
    }
  })
  const onClose = (): void => events.onClose()
  socket.once('close', onClose)
  return {
    clusterUid: hello.clusterUid,
    build: hello.build,
    pid: hello.pid,
    send: request => void socket.write(encodeLine(request)),
    close() {
      socket.off('close', onClose)
      socket.destroy()
    },
    async leave({ now }) {
      socket.off('close', onClose)
      if (socket.destroyed) return
      const closed = once(socket, 'close')
      socket.write(encodeLine({ type: 'leave', now } satisfies ProxyRequest))
      const patience = new AbortController()
      const late = sleep(answerTimeoutMs, 'late' as const, { signal: patience.signal })
      // While its connection stands the process is the one that greeted.
      if ((await Promise.race([closed, late])) === 'late') {
        process.kill(hello.pid, 'SIGKILL')
        await closed
      }
      patience.abort()
      late.catch(() => {})
    },
  }
}

/** The proxy's first line, and nothing after it: a proxy says more only when asked. */
async function greeting(socket: Socket, path: string): Promise<Extract<ProxyAnswer, { type: 'hello' }>> {
  let hello: ProxyAnswer | undefined
  const decode = createLineDecoder(json => {
    hello ??= parseAnswer(json)
  })
  socket.on('error', () => {})
  const timer = setTimeout(() => socket.destroy(), answerTimeoutMs)
  const onText = (text: string): void => {
    decode(text)
    if (hello) socket.emit('greeted')
  }
  socket.on('data', onText)
  try {
    await Promise.race([once(socket, 'greeted'), once(socket, 'close')])
  } finally {
    clearTimeout(timer)
    socket.off('data', onText)
  }
  if (hello?.type === 'hello') return hello
  socket.destroy()
  throw new Error(`the proxy at ${path} does not answer; end that process, and a new one is started`)
}
