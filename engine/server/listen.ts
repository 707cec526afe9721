import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where a server listens, once it does: the port is the one that was given, or found where 0 was. */
export interface Listening {
  readonly host: string
  readonly port: number
}

/** @param options.flag the option by which another port is chosen. @throws Error that names the port and the remedy */
export async function listen(
  server: Server,
  options: { host: string; port: number; flag: string },
): Promise<Listening> {
  const { host, port, flag } = options
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen on ${host}, port ${port}: ${reason(error, flag)}`, { cause: error })
  })
  return { host, port: (server.address() as AddressInfo).port }
}

/** Rejects as `listen` would. Asked before anything is started, so that nothing has to be ended where the port is taken. */
export async function checkFree(options: { host: string; port: number; flag: string }): Promise<void> {
  const server = createServer()
  await listen(server, options)
  await new Promise(resolve => server.close(resolve))
}

function reason(error: NodeJS.ErrnoException, flag: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `another program uses the port; stop that program or choose another port with ${flag}`
    case 'EACCES':
      return `this user may not use the port; choose one above 1023 with ${flag}`
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; name one of its own'
    default:
      return error.message
  }
}
