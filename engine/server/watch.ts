import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../api/types.ts'
import { futureWaitMs } from './list.ts'
import type { ReadOptions } from './read-options.ts'
import { flag, invalid, readOptions, wholeNumber } from './read-options.ts'
import type { Representation } from './representation.ts'
import type { Resource } from '../api/registry.ts'
import { tooLargeResourceVersion, tooOldResourceVersion } from './status-error.ts'
import type { ChangeCursor, Store } from './store.ts'
import type { Frame, ObjectEvent } from './watch-frame.ts'
import { bookmarkFrame, changeFrame, errorFrame, objectFrame, observed } from './watch-frame.ts'

/** A watch being served. */
export interface Watch {
  readonly kind: string
  /** Tells the client how far it has come, where it asked to be told. */
  bookmark(): void
  end(): void
}

export interface WatchRequest {
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly query: URLSearchParams
  readonly representation: Representation
  readonly response: ServerResponse
  /** Where the watch stands while it lasts. */
  readonly watches: Set<Watch>
}

interface WatchPlan {
  readonly options: ReadOptions
  readonly bookmarks: boolean
  /** The state that is sent first, as additions. */
  readonly initial: readonly KubeObject[]
  /** Ends the initial state with a bookmark that says so. */
  readonly marksInitialEnd: boolean
  readonly cursor: (wake: () => void) => ChangeCursor
  readonly resourceVersion: number
  readonly timeoutMs: number
}

/** Frames are sent together up to about this size. */
const batchSize = 32 * 1024
const changesPerRead = 256
/** What setTimeout takes; beyond, it fires at once. */
const longestTimerMs = 2 ** 31 - 1
/** How long a dropped watcher may take to read that it was dropped. */
const lastWordsMs = 10_000

/**
 * Serves a watch until its time is over, the client goes or falls too far behind. What comes first follows Kubernetes:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 * @throws StatusError 400, 410, 422 or 504, before anything is sent
 */
export async function startWatch(store: Store, request: WatchRequest): Promise<void> {
  const plan = await planWatch(store, request)
  // The client may have gone while a resourceVersion was waited for, and then nothing would end the watch.
  if (!request.response.destroyed) follow(store, plan, request)
}

async function planWatch(store: Store, { resource, namespace, query }: WatchRequest): Promise<WatchPlan> {
  const options = readOptions(query, { resource, namespace })
  const initialEvents = query.has('sendInitialEvents') ? flag(query, 'sendInitialEvents') : undefined
  const bookmarks = flag(query, 'allowWatchBookmarks')
  if (initialEvents === undefined && options.match !== undefined) {
    throw invalid('resourceVersionMatch', 'it is forbidden for a watch unless sendInitialEvents is given')
  }
  if (initialEvents !== undefined && options.match !== 'NotOlderThan') {
    throw invalid('resourceVersionMatch', 'sendInitialEvents requires it to be NotOlderThan')
  }
  const wanted = options.resourceVersion ?? 0
  if (!(await store.reached(wanted, { timeoutMs: futureWaitMs }))) {
    throw tooLargeResourceVersion(wanted, store.resourceVersion)
  }
  const sendsState = initialEvents ?? wanted === 0
  const after = sendsState || wanted === 0 ? store.resourceVersion : wanted
  return {
    options,
    bookmarks,
    initial: sendsState ? store.list(resource.kindKey, namespace) : [],
    marksInitialEnd: initialEvents === true && bookmarks,
    resourceVersion: after,
    timeoutMs: Math.min((wholeNumber(query, 'timeoutSeconds') ?? 0) * 1000 || defaultTimeoutMs(), longestTimerMs),
    cursor(wake) {
      const cursor = store.watch(resource.kindKey, { after, wake })
      if (cursor === undefined) throw tooOldResourceVersion(after, store.resourceVersion)
      return cursor
    },
  }
}

/** Between 30 and 60 minutes, so that watchers that began together do not all come back at once. */
function defaultTimeoutMs(): number {
  return (30 + 30 * Math.random()) * 60_000
}

function follow(store: Store, plan: WatchPlan, { resource, representation, response, watches }: WatchRequest): void {
  const frameOptions = { resource, representation }
  const selects = plan.options.selects
  const initial = initialFrames()
  let isInitial = true
  /** The client has not taken what was sent; nothing more is made until it has. */
  let isBlocked = false
  let isOver = false
  let namesColumns = true
  let waking: NodeJS.Immediate | undefined

  const cursor = plan.cursor(() => {
    // Changes that come close together are sent together, and whoever publishes them does not wait for the sending.
    waking ??= setImmediate(() => {
      waking = undefined
      pump()
    })
  })
  const timer = setTimeout(() => watch.end(), plan.timeoutMs)
  const watch: Watch = {
    kind: resource.kindKey,
    bookmark() {
      // What it says must have been sent.
      pump()
      if (plan.bookmarks && !isInitial && isOpen()) {
        write(bookmarkFrame(store.resourceVersion, { ...frameOptions, endsInitialEvents: false }))
      }
    },
    end() {
      stop()
      response.end()
    },
  }
  response.on('drain', () => {
    isBlocked = false
    pump()
  })
  response.on('close', stop)
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' })
  response.flushHeaders()
  watches.add(watch)
  pump()

  function* initialFrames(): Generator<Frame, undefined> {
    for (const object of plan.initial) {
      if (selects(object)) yield tableOrObject({ type: 'ADDED', object })
    }
    if (plan.marksInitialEnd) yield bookmarkFrame(plan.resourceVersion, { ...frameOptions, endsInitialEvents: true })
    return undefined
  }

  /** Only the first Table names the columns. */
  function tableOrObject(event: ObjectEvent): Frame {
    const withColumns = namesColumns
    namesColumns = false
    return objectFrame(event, { ...frameOptions, withColumns })
  }

  function isOpen(): boolean {
    return !isBlocked && !isOver
  }

  function pump(): void {
    while (isOpen()) {
      const frames = isInitial ? nextInitial() : nextChanges()
      if (frames === undefined) return
      if (frames !== '') write(frames)
    }
    if (isBlocked && !isOver && cursor.isExpired()) drop()
  }

  function nextInitial(): string {
    let batch = ''
    while (batch.length < batchSize) {
      const next = initial.next()
      if (next.done === true) {
        isInitial = false
        break
      }
      batch += next.value
    }
    return batch
  }

  /** Undefined: there is nothing for now. */
  function nextChanges(): string | undefined {
    const changes = cursor.read(changesPerRead)
    if (changes === 'expired') {
      drop()
      return undefined
    }
    if (changes.length === 0) return undefined
    return changes
      .map(change => {
        const event = observed(change, selects)
        if (event === undefined) return ''
        return representation.as === 'table' ? tableOrObject(event) : changeFrame(change, event, frameOptions)
      })
      .join('')
  }

  function write(frames: string): void {
    isBlocked = !response.write(frames)
  }

  /** The client reads more slowly than things change: it lists again rather than that its backlog grows. */
  function drop(): void {
    stop()
    response.end(errorFrame(tooOldResourceVersion(plan.resourceVersion, store.resourceVersion)))
    const lastWords = setTimeout(() => response.destroy(), lastWordsMs)
    response.once('close', () => clearTimeout(lastWords))
  }

  function stop(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    clearImmediate(waking)
    cursor.end()
    watches.delete(watch)
  }
}
