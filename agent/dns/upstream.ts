/** Asks the machine's own resolvers what is not of the cluster. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { connect, isIP, isIPv6 } from 'node:net'

export interface Upstream {
  /** The first whole answer to a query, with the query's own id; undefined where no resolver gives one in time. */
  ask(query: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined>
  close(): void
}

/** How long one resolver may take before the next is asked: resolvers of pods ask again after 5 s. */
const timeoutMs = 2000
/** More at once are refused: a resolver that asks us back must not grow without end. */
const mostQueries = 1000
/** How old the list of resolvers may be. */
const freshMs = 5000
const dnsPort = 53

export function createUpstream(resolvers: () => Promise<readonly string[]>): Upstream {
  const open = new Set<() => void>()
  let known: { list: Promise<readonly string[]>; readAt: number } | undefined

  function current(): Promise<readonly string[]> {
    const now = performance.now()
    if (known === undefined || now - known.readAt > freshMs) known = { list: resolvers(), readAt: now }
    return known.list
  }

  return {
    async ask(query, protocol) {
      if (open.size >= mostQueries || query.length < 12) return undefined
      const id = randomInt(65_536)
      const renamed = withId(query, id)
      for (const resolver of await current()) {
        const [host, port] = splitPort(resolver)
        const options = { query: renamed, host, port, open }
        const answer = await (protocol === 'udp' ? askOverUdp(options) : askOverTcp(options))
        if (answer !== undefined) return withId(answer, query.readUInt16BE(0))
      }
      return undefined
    },
    close() {
      for (const end of open) end()
    },
  }
}

/** The addresses that a resolv.conf names, without those that would lead back to us. */
export async function readResolvers(path: string, own: ReadonlySet<string>): Promise<readonly string[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    // Without the file there is no resolver, and whoever asks is told so.
    return []
  }
  return text.split('\n').flatMap(line => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1]
    return address !== undefined && isIP(address.split('%')[0] ?? '') && !own.has(address) ? [address] : []
  })
}

interface Ask {
  readonly query: Buffer
  readonly host: string
  readonly port: number
  readonly open: Set<() => void>
}

/** A socket a query: its port is one more thing that a forger has to guess. */
function askOverUdp({ query, host, port, open }: Ask): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(host.split('%')[0] ?? '') ? 'udp6' : 'udp4')
    const end = (answer?: Buffer): void => {
      if (!open.delete(stop)) return
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const stop = (): void => end()
    const timer = setTimeout(stop, timeoutMs)
    open.add(stop)
    socket.on('error', stop)
    socket.on('message', answer => {
      if (isAnswerTo(query, answer)) end(answer)
    })
    // Connected: only the resolver's datagrams arrive, and one that refuses is known at once.
    // Not as its callback, which is called with an error as well: where no route leads there, it would send to nowhere.
    socket.once('connect', () => socket.send(query))
    socket.connect(port, host)
  })
}

function askOverTcp({ query, host, port, open }: Ask): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (answer?: Buffer): void => {
      if (!open.delete(stop)) return
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const stop = (): void => end()
    const timer = setTimeout(stop, timeoutMs)
    open.add(stop)
    socket.on('error', stop)
    socket.on('close', stop)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const answer = received.subarray(2, 2 + received.readUInt16BE(0))
      end(isAnswerTo(query, answer) ? answer : undefined)
    })
    socket.write(framed(query))
  })
}

/** As DNS over TCP has it: each message after its length. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(id, 0)
  return copy
}

function isAnswerTo(query: Buffer, answer: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0) && (answer[2] ?? 0) >= 0x80
}

/** `192.0.2.1:5353` names another port; a colon in an IPv6 address does not. */
function splitPort(resolver: string): [host: string, port: number] {
  const [host = '', port, ...rest] = resolver.split(':')
  return port !== undefined && rest.length === 0 ? [host, Number(port)] : [resolver, dnsPort]
}
