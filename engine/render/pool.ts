import { Worker } from 'node:worker_threads'
import { entryUrl } from '../protocol/entries.ts'
import type { Batch, BatchResult, Job, UnitResult } from './batch.ts'

export interface Limits {
  /** How long reading one unit may take, by the clock: generous, because a busy machine must not reject a commit. */
  readonly unitMilliseconds: number
  /** The heap of one worker. */
  readonly workerMebibytes: number
  /** A larger file is not read. */
  readonly fileBytes: number
  /** A unit may not give more JSON than this. */
  readonly outputBytes: number
}

export const defaultLimits: Limits = {
  unitMilliseconds: 30_000,
  workerMebibytes: 512,
  fileBytes: 8 << 20,
  outputBytes: 32 << 20,
}

/** A unit that waits for a worker. */
interface Waiting {
  readonly bytes: Uint8Array
  readonly options: Job
  /** It was in a batch that failed: to find the guilty one, each is tried alone. */
  readonly alone: boolean
  resolve(result: UnitResult): void
  reject(error: Error): void
}

/** Many small units go to a worker in one message. */
const maxBatchUnits = 32
const maxBatchBytes = 256 << 10
/** All workers but one end when they had nothing to do for so long. */
const idleMilliseconds = 5_000

/** Threads that read units, each unit within the limits: one that loops, grows or dies fails alone. */
export class Pool {
  readonly #size: number
  readonly #limits: Limits
  readonly #queue: Waiting[] = []
  readonly #workers = new Set<Lane>()
  #closed = false

  constructor({ size, limits }: { size: number; limits: Limits }) {
    this.#size = size
    this.#limits = limits
  }

  /** Rejects only where no worker can be started. */
  run(bytes: Uint8Array, options: Job): Promise<UnitResult> {
    return new Promise((resolve, reject) => this.#enqueue({ bytes, options, alone: false, resolve, reject }))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { resolve } of this.#queue.splice(0)) resolve({ failure: 'was not read: the renderer was closed' })
    await Promise.all([...this.#workers].map(lane => lane.end()))
  }

  #enqueue(unit: Waiting): void {
    if (this.#closed) {
      unit.resolve({ failure: 'was not read: the renderer was closed' })
      return
    }
    this.#queue.push(unit)
    // Callers add many units in a row; by the next turn a batch is full.
    if (this.#queue.length === 1) setImmediate(() => this.#dispatch())
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const idle = [...this.#workers].find(lane => !lane.busy)
      if (idle === undefined && this.#workers.size >= this.#size) return
      const lane = idle ?? this.#start()
      lane.work(this.#nextBatch())
    }
  }

  #nextBatch(): Waiting[] {
    const batch: Waiting[] = []
    let bytes = 0
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const full = batch.length >= maxBatchUnits || bytes + next.bytes.length > maxBatchBytes
      if (batch.length > 0 && (full || next.alone)) break
      this.#queue.shift()
      batch.push(next)
      bytes += next.bytes.length
      if (next.alone) break
    }
    return batch
  }

  #start(): Lane {
    const lane = new Lane(this.#limits, {
      idle: () => this.#dispatch(),
      retired: () => this.#workers.size > 1 && this.#workers.delete(lane),
      failed: (batch, reason) => {
        this.#workers.delete(lane)
        this.#again(batch, reason)
      },
    })
    this.#workers.add(lane)
    return lane
  }

  #again(batch: readonly Waiting[], failure: string): void {
    const [only] = batch
    if (batch.length === 1) only?.resolve({ failure })
    else for (const unit of batch) this.#enqueue({ ...unit, alone: true })
    this.#dispatch()
  }
}

interface LaneEvents {
  idle(): void
  /** Asks whether an idle worker may end. */
  retired(): boolean
  failed(batch: readonly Waiting[], reason: string): void
}

/** One worker and the batch that it reads. */
class Lane {
  readonly #worker: Worker
  readonly #limits: Limits
  readonly #events: LaneEvents
  #batch: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(limits: Limits, events: LaneEvents) {
    this.#limits = limits
    this.#events = events
    this.#worker = new Worker(entryUrl('render-worker'), {
      // Nothing of this process's environment (tokens, keys) is seen by what reads foreign files.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: limits.workerMebibytes },
    })
    this.#worker.on('message', (results: BatchResult) => this.#done(results))
    this.#worker.on('error', error => {
      if (isMissing(error)) for (const unit of this.#batch.splice(0)) unit.reject(error)
      this.#fail(reasonOf(error, limits))
    })
    this.#worker.on('exit', () => this.#fail('its reader ended unexpectedly'))
  }

  get busy(): boolean {
    return this.#batch.length > 0
  }

  work(batch: Waiting[]): void {
    this.#batch = batch
    this.#worker.ref()
    this.#setTimer(this.#limits.unitMilliseconds, () =>
      this.#fail(`takes longer than ${this.#limits.unitMilliseconds / 1000} s to read`),
    )
    // Copies, because a Buffer's memory may be a slice of a much larger one, all of which would cross.
    const units = batch.map(({ bytes, options }) => ({ bytes: new Uint8Array(bytes), options }))
    const message: Batch = { units, maxOutputBytes: this.#limits.outputBytes }
    this.#worker.postMessage(
      message,
      units.map(({ bytes }) => bytes.buffer),
    )
  }

  async end(): Promise<void> {
    this.#fail('was not read: the renderer was closed')
    await this.#worker.terminate()
  }

  #done(results: BatchResult): void {
    // An answer that came too late: its units have failed already.
    if (this.#over) return
    const batch = this.#batch
    this.#batch = []
    // An idle worker does not keep the process alive.
    this.#worker.unref()
    this.#setTimer(idleMilliseconds, () => {
      if (this.#events.retired()) void this.#finish()
    })
    for (const [index, unit] of batch.entries()) {
      unit.resolve(results[index] ?? { failure: 'was not answered by its reader' })
    }
    this.#events.idle()
  }

  #fail(reason: string): void {
    if (this.#over) return
    const batch = this.#batch
    void this.#finish()
    this.#events.failed(batch, reason)
  }

  async #finish(): Promise<void> {
    this.#over = true
    this.#batch = []
    clearTimeout(this.#timer)
    await this.#worker.terminate()
  }

  #setTimer(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, milliseconds).unref()
  }
}

/** The worker's program is not there: nothing that a file could be blamed for. */
function isMissing(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).endsWith('MODULE_NOT_FOUND')
}

function reasonOf(error: unknown, limits: Limits): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `needs more than ${limits.workerMebibytes} MiB to read`
  }
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
}
