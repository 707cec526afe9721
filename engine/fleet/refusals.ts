/** What the log is told of connections that are refused: every one, but for whoever knocks so often that the disk would fill. */
import type { Refusal } from '../protocol/joining.ts'

export interface RefusalLine extends Refusal {
  readonly from: string
  /** How many since the line before it got none. */
  readonly untold: number
}

/** A fleet of 100 that is refused, each agent of which tries again twice a minute, is told of in full. */
const linesAMinute = 200
const minute = 60_000

export function tellRefusals(
  write: (line: RefusalLine) => void,
  now: () => number = Date.now,
): (refusal: Refusal, from: string) => void {
  let began = Number.NEGATIVE_INFINITY
  let lines = 0
  let untold = 0
  return ({ reason, remedy }, from) => {
    if (now() - began >= minute) {
      began = now()
      lines = 0
    }
    if (lines >= linesAMinute) {
      untold++
      return
    }
    lines++
    write({ reason, remedy, from, untold })
    untold = 0
  }
}
