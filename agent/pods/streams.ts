/** What a client wants of a pod on this node: its log, a command in it, its own streams, a port. */
import { pipeline } from 'node:stream/promises'
import { StreamRefused } from '../../engine/protocol/streams.ts'
import type { StreamRequest, UsageRequest } from '../../engine/protocol/streams.ts'
import type { Carry } from '../answers.ts'
import type { ContainerStreams } from '../runtime/streams.ts'
import { connectStreams } from './connect.ts'
import { textOf } from './facts.ts'
import { loggedRun, runningContainer } from './find-container.ts'
import type { FoundPod } from './find-container.ts'
import { readLogs } from './logs.ts'
import { moment } from './moment.ts'
import { connectToPort, joinStreams } from './port-forward.ts'

/** Begins it. Rejects with StreamRefused. */
export async function openPodStream(
  request: Exclude<StreamRequest, UsageRequest>,
  found: FoundPod,
  signal: AbortSignal,
): Promise<Carry> {
  const { runtime } = found
  switch (request.kind) {
    case 'logs': {
      const source = { run: loggedRun(found, request.container, request), runtime }
      return stream => pipeline(readLogs(request, { source, signal, now: moment().wall }), stream)
    }
    case 'exec':
      return connected(runtime.openExec(runningContainer(found, request.container), request), signal)
    case 'attach':
      return connected(runtime.attach(runningContainer(found, request.container), request), signal)
    case 'portforward': {
      const socket = await connectToPort(found, request.port)
      return stream => joinStreams(socket, stream)
    }
  }
}

async function connected(opening: Promise<ContainerStreams>, signal: AbortSignal): Promise<Carry> {
  const streams = await opening.catch((error: unknown) => {
    throw new StreamRefused(500, textOf(error))
  })
  return stream => connectStreams(streams, { stream, signal })
}
