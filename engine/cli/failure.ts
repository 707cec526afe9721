/** How a command ends, as `gantry --help` documents it; `gantry exec` ends as the command did. */
export const exitCodes = {
  /** The request failed or was refused; what it named does not exist. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No Gantry answers. */
  unreachable: 3,
} as const

/** Ends a command with one line on stderr. */
export class CliError extends Error {
  readonly remedy: string | undefined
  readonly exitCode: number

  constructor(message: string, options: { remedy?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'CliError'
    this.remedy = options.remedy
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

export function usageError(message: string, remedy?: string): CliError {
  return new CliError(message, { exitCode: exitCodes.usage, ...(remedy === undefined ? {} : { remedy }) })
}
