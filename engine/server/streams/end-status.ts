import type { StreamEnd } from '../../protocol/streams.ts'

/** Kubernetes's Status for how a command or an attached container ended: what a client's exit code is read from. */
export function endStatus({ exitCode = 0, problem }: StreamEnd, command: readonly string[]): object {
  if (problem !== undefined) {
    const message = `Internal error occurred: ${problem}`
    return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 }
  }
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}
