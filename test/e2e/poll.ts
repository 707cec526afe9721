/** Clients that ask a service again and again, and keep what they were told. */
import { Agent, get } from 'node:http'

export interface Poll {
  /** Every distinct answer, in the order of its first appearance. */
  readonly answers: ReadonlySet<string>
  readonly failures: readonly string[]
  readonly count: number
  last(): string
  stop(): Promise<void>
}

/** Several clients at once: half open a connection a request, half keep theirs. */
export function poll(url: string, options: { clients: number; pauseMs: number }): Poll {
  const answers = new Set<string>()
  const failures: string[] = []
  let count = 0
  let last = ''
  let stopped = false

  async function client(keepAlive: boolean): Promise<void> {
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    while (!stopped) {
      try {
        last = await ask(url, agent)
        answers.add(last)
        count++
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${keepAlive ? 'kept-alive' : 'fresh'}: ${String(error)}`)
      }
      await new Promise(resolve => setTimeout(resolve, options.pauseMs))
    }
    agent.destroy()
  }
  const clients = Array.from({ length: options.clients }, (_, index) => client(index % 2 === 0))
  return {
    answers,
    failures,
    get count() {
      return count
    },
    last: () => last,
    async stop() {
      stopped = true
      await Promise.all(clients)
    },
  }
}

/** No retry of any kind: what fails counts. */
export function ask(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: 10_000 }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}: ${text}`)),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')))
    request.on('error', reject)
  })
}
