import pc from 'picocolors'

/** Where a command writes, and how. Colours are for a terminal whose owner did not set NO_COLOR. */
export interface Terminal {
  write(text: string): void
  /** For people, where the output may be read by a program. */
  note(text: string): void
  readonly colors: ReturnType<typeof pc.createColors>
}

export const terminal: Terminal = {
  write: text => void process.stdout.write(text),
  note: text => void process.stderr.write(text),
  colors: pc.createColors(process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''),
}
