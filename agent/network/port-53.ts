import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Why DNS cannot be served at this address, with the remedy; undefined where it can. */
export async function whyNoDns(address: string): Promise<string | undefined> {
  const udp = createSocket('udp4')
  const tcp = createServer()
  try {
    udp.bind(53, address)
    await once(udp, 'listening')
    tcp.listen(53, address)
    await once(tcp, 'listening')
    return undefined
  } catch (error) {
    return explain(address, error)
  } finally {
    udp.close()
    tcp.close()
  }
}

function explain(address: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : String(error)
  if (code === 'EACCES') {
    return (
      `an ordinary user may not listen on port 53 of ${address}; services have no names here, their addresses are in the ` +
      'environment of each pod; run Gantry as root, or allow it with: sysctl -w net.ipv4.ip_unprivileged_port_start=53'
    )
  }
  if (code === 'EADDRINUSE') {
    return `another program listens on port 53 of ${address} or of every address; bind that one to the addresses it serves`
  }
  return `port 53 of ${address} cannot be listened on: ${code}`
}
