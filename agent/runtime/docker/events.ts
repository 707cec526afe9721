import { isRecord } from '../../../machine/json-file.ts'
import type { DockerEngine } from './engine.ts'
import { ownerFilters } from './labels.ts'
import type { Owner } from './labels.ts'

/** What Docker told of a container of ours. */
export interface DockerEvent {
  readonly action: string
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
}

export interface EventListener {
  readonly onEvent: (event: DockerEvent) => void
  /** The stream is there again after it was not: events may have been missed. */
  readonly onResync: () => void
}

const retryMs = { first: 100, most: 5000 }

/** Listens until the returned function is called; where the Engine goes away, until it is back. */
export function followEvents(
  engine: DockerEngine,
  { owner, listener }: { owner: Owner; listener: EventListener },
): () => void {
  const stopped = new AbortController()
  void run()
  return () => stopped.abort()

  async function run(): Promise<void> {
    let wait = retryMs.first
    let missed = false
    while (!stopped.signal.aborted) {
      try {
        const stream = await engine.call('follow the events of Docker', api =>
          api.getEvents({ filters: { type: ['container'], label: ownerFilters(owner) }, abortSignal: stopped.signal }),
        )
        wait = retryMs.first
        if (missed) listener.onResync()
        for await (const event of parsed(stream)) listener.onEvent(event)
      } catch {
        // Whatever ended it, the answer is the same: try again, then have all of it listed anew.
      }
      missed = true
      await pause(wait, stopped.signal)
      wait = Math.min(wait * 2, retryMs.most)
    }
  }
}

async function* parsed(stream: NodeJS.ReadableStream): AsyncGenerator<DockerEvent> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = line.trim() === '' ? undefined : readEvent(JSON.parse(line))
      if (event !== undefined) yield event
    }
  }
}

function readEvent(value: unknown): DockerEvent | undefined {
  if (!isRecord(value) || !isRecord(value['Actor'])) return undefined
  const { Action, Actor } = value
  const { ID, Attributes } = Actor
  if (typeof Action !== 'string' || typeof ID !== 'string' || !isRecord(Attributes)) return undefined
  const labels = Object.entries(Attributes).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  )
  return { action: Action, id: ID, labels: Object.fromEntries(labels) }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
