/** The proxy's end of its socket. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createLineDecoder, encodeLine } from '../../engine/protocol/lines.ts'
import type { ServiceProblem } from '../../engine/protocol/session.ts'
import { parseRequest, type ProxyAnswer } from './messages.ts'
import type { ProxyTable } from './table.ts'

export interface Control {
  /** Tells every agent that is connected; there is one at most, but for the moment of a change. */
  tell(answer: ProxyAnswer): void
  /** Listens no more, and parts from the agent. */
  close(): Promise<void>
}

export interface ControlOptions {
  readonly hello: ProxyAnswer
  apply(table: ProxyTable): Promise<readonly ServiceProblem[]>
  leave(now: boolean): Promise<void>
}

export async function listenForAgent(path: string, options: ControlOptions): Promise<Control> {
  const agents = new Set<Socket>()
  const server = createServer(socket => {
    agents.add(socket)
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.once('close', () => agents.delete(socket))
    socket.write(encodeLine(options.hello))
    const decode = createLineDecoder(message => accept(socket, message))
    socket.on('data', (text: string) => {
      try {
        decode(text)
      } catch {
        // Whoever speaks another language is no agent of ours.
        socket.destroy()
      }
    })
  })

  function accept(socket: Socket, json: unknown): void {
    const request = parseRequest(json)
    if (request.type === 'leave') {
      void options.leave(request.now)
      return
    }
    const { id, table } = request
    options.apply(table).then(
      problems => socket.write(encodeLine({ type: 'applied', id, problems } satisfies ProxyAnswer)),
      () => socket.destroy(),
    )
  }

  server.listen(path)
  await once(server, 'listening')
  return {
    tell(answer) {
      for (const socket of agents) socket.write(encodeLine(answer))
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of agents) socket.destroy()
      }),
  }
}
