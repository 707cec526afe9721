import type { Writable } from 'node:stream'
import type { TerminalSize } from '../../engine/protocol/streams.ts'

/** What goes into a command or a container and comes out of it, for who is connected to it. */
export interface ContainerStreams {
  /** Undefined where none was asked for, or the container takes none. */
  readonly stdin: Writable | undefined
  /** As it is written, read no faster than it is asked for. A terminal has one stream. */
  readonly output: AsyncIterable<Output>
  /** 0 to 255, once `output` has ended; undefined where the container runs on. */
  exitCode(): Promise<number | undefined>
  /** No effect without a terminal. */
  resize(size: TerminalSize): Promise<void>
  /** Whoever was connected is gone: a command is hung up and then killed, a container is let go of. */
  close(): Promise<void>
}

export interface Output {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Buffer
}
