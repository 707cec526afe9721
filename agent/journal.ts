/**
 * What the engine told this node, on disk before the agent acts on it: an agent that starts while the engine is away
 * knows its pods, and one that was killed knows all that the one before it did. A line a delta, so that the cost of
 * keeping one follows the change. Not fsynced: a machine that loses its power loses its pods as well.
 */
import { appendFile, rename, writeFile } from 'node:fs/promises'
import type { NodeName } from '../engine/api/types.ts'
import { parseEngineMessage } from '../engine/protocol/parse.ts'
import type { AssignmentDelta, NodeSettings } from '../engine/protocol/session.ts'
import { readIfThere } from '../machine/files.ts'
import { Assignments } from './assignments.ts'

export interface Journal {
  /** Resolves once the delta, which `assignments` holds already, is kept. */
  keep(delta: AssignmentDelta): Promise<void>
  /** Resolves when nothing is being written. */
  close(): Promise<void>
}

/** Deltas are folded into one line when they take more than this, and more than the line did. */
const minDeltaBytes = 1 << 20
const settingNames = ['clusterUid', 'clusterName', 'clusterDomain', 'serviceCIDR', 'podCIDR'] as const

/** Appends to a file that holds Secrets: for this user's eyes only. */
export function openJournal(file: string, assignments: Assignments): Journal {
  let wholeBytes = 0
  /** Until this journal has written the whole once: what a file of before holds is not known here. */
  let deltaBytes = Number.POSITIVE_INFINITY
  let waiting: AssignmentDelta[] = []
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    const deltas = waiting
    waiting = []
    writing = undefined
    if (deltaBytes > Math.max(minDeltaBytes, wholeBytes) || deltas.some(({ full }) => full)) {
      const text = `${JSON.stringify(assignments.settings)}\n${JSON.stringify(assignments.whole())}\n`
      await writeFile(`${file}.tmp`, text, { mode: 0o600 })
      await rename(`${file}.tmp`, file)
      wholeBytes = text.length
      deltaBytes = 0
      return
    }
    const text = deltas.map(delta => `${JSON.stringify(delta)}\n`).join('')
    await appendFile(file, text)
    deltaBytes += text.length
  }

  let last: Promise<void> = Promise.resolve()
  return {
    keep(delta) {
      waiting.push(delta)
      // Deltas that come while one is written share the next write.
      if (writing === undefined) {
        writing = last.then(write)
        last = writing.catch(() => {})
      }
      return writing
    },
    close: () => last,
  }
}

/**
 * What an earlier agent of this node was told; undefined where there was none. A last line that a kill cut short was not
 * acted on; a damaged one before it hides what was, and is an error.
 */
export async function readJournal(file: string, nodeName: NodeName): Promise<Assignments | undefined> {
  const text = await readIfThere(file)
  if (text === undefined) return undefined
  const [settings = '', ...lines] = text.split('\n')
  const assignments = new Assignments(
    readLine(`${file}:1`, () => parseSettings(settings)),
    nodeName,
  )
  // What follows the last line end is nothing, or a line that was cut short.
  for (const [index, line] of lines.slice(0, -1).entries()) {
    readLine(`${file}:${index + 2}`, () => assignments.apply(parseDelta(line)))
  }
  return assignments
}

function readLine<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${place} is damaged (${what}); remove the file and start the agent again while the engine runs: it is told everything anew`,
      { cause },
    )
  }
}

function parseSettings(line: string): NodeSettings {
  const settings = { ...(JSON.parse(line) as object) }
  for (const name of settingNames) {
    if (typeof (settings as Partial<NodeSettings>)[name] !== 'string') throw new TypeError(`it has no ${name}`)
  }
  return settings as NodeSettings
}

/** As the session checked it when it came. */
function parseDelta(line: string): AssignmentDelta {
  const message = parseEngineMessage({ type: 'assign', delta: JSON.parse(line) })
  if (message.type !== 'assign') throw new TypeError('it is no assignment')
  return message.delta
}
