#!/usr/bin/env node
import { CommanderError } from 'commander'
import { CliError, exitCodes } from './failure.ts'
import { createProgram } from './program.ts'

const isVerbose = process.argv.includes('--verbose')

// Whoever reads the output may stop reading (`gantry logs … | head`): that ends the command, without complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  // Whatever a command that failed has left open, it is over.
  process.exit(report(error))
}

/** Says in one line what went wrong and what helps; the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const remedy =
    error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? `; ${error.remedy}` : ''
  const hint = isForeseen(error) || isVerbose ? '' : ' (--verbose tells where)'
  process.stderr.write(`gantry: ${message}${remedy}${hint}\n`)
  if (isVerbose && stack !== undefined) process.stderr.write(`${stack}\n`)
  return error instanceof CliError ? error.exitCode : exitCodes.failed
}

/** Worded by Gantry for a person; the others come from Node and tell little without their place. */
function isForeseen(error: unknown): boolean {
  return (
    error instanceof Error &&
    !/^(Type|Range|Reference|Syntax)Error$/.test(error.name) &&
    !('code' in error && 'syscall' in error)
  )
}
