import type { Pod } from '../../engine/api/types.ts'
import type { ContainerId, Runtime } from '../runtime/runtime.ts'
import { allContainers } from '../spec/containers.ts'
import { textOf } from './facts.ts'
import { exitOf, type Observed, type Run } from './runs.ts'

/** As much of a log as the kubelet takes. */
const mostLines = 80
const mostBytes = 2048
const longestReadMs = 10_000

export interface LogWordsOptions {
  readonly runtime: Pick<Runtime, 'logs'>
  onFound(id: ContainerId, words: string): void
}

/** What stands for last words that were not left: the end of the log. Each run's is read once. */
export class LogWords {
  readonly #options: LogWordsOptions
  readonly #asked = new Set<ContainerId>()
  #reading = 0

  constructor(options: LogWordsOptions) {
    this.#options = options
  }

  seek(pod: Pod, observed: Observed): void {
    const { runtime, onFound } = this.#options
    for (const id of speechless(pod, observed)) {
      if (this.#asked.has(id)) continue
      this.#asked.add(id)
      this.#reading++
      void endOfLog(runtime, id).then(words => {
        this.#reading--
        onFound(id, words)
      })
    }
  }

  /** Until it is done the end of a run is not reported: what was reported of a pod that is finished stays. */
  get isReading(): boolean {
    return this.#reading > 0
  }
}

/** Failed runs without last words, of containers with `terminationMessagePolicy: FallbackToLogsOnError`. */
function speechless(pod: Pod, { runs }: Observed): readonly ContainerId[] {
  return allContainers(pod)
    .filter(container => container.terminationMessagePolicy === 'FallbackToLogsOnError')
    .flatMap(container => runs.get(container.name) ?? [])
    .filter(run => !run.lost && hasFailedSilently(run))
    .map(run => run.status.id)
}

function hasFailedSilently(run: Run): boolean {
  const end = exitOf(run)
  return end !== undefined && end.exitCode !== 0 && end.message === undefined
}

/** The end of an ended container's log; why it cannot be read, where it cannot. */
async function endOfLog(runtime: LogWordsOptions['runtime'], id: ContainerId): Promise<string> {
  const lines: string[] = []
  try {
    // Following an ended container waits for what it has written and is still on its way.
    const options = { follow: true, tailLines: mostLines, signal: AbortSignal.timeout(longestReadMs) }
    for await (const { text } of runtime.logs(id, options)) lines.push(`${text}\n`)
  } catch (error) {
    return `Error on reading termination message from logs: ${textOf(error)}`
  }
  return Buffer.from(lines.join('')).subarray(-mostBytes).toString()
}
