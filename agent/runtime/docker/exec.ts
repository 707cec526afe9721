import { setTimeout as sleep } from 'node:timers/promises'
import { Duplex } from 'node:stream'
import { identify } from '../../../machine/processes.ts'
import { hangUp } from '../hang-up.ts'
import type { ExecOptions } from '../runtime.ts'
import type { ContainerStreams } from '../streams.ts'
import { demux } from './demux.ts'
import type { DockerEngine } from './engine.ts'

/** How often the Engine is asked for what it learns a moment after the stream has ended. */
const askEveryMs = 10
/** A machine that is busy takes its time between saying that a command runs and running it. */
const longestStartMs = 10_000

/** Runs a command in a container. Docker has no call that ends one: its process is ended where Gantry may. */
export async function startExec(
  engine: DockerEngine,
  { id, command, stdin, tty }: ExecOptions & { id: string },
): Promise<ContainerStreams> {
  const what = `run ${command[0] ?? 'nothing'} in container ${id.slice(0, 12)}`
  const exec = await engine.call(what, api =>
    api
      .getContainer(id)
      .exec({ Cmd: [...command], AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty }),
  )
  const stream = connected(what, await engine.call(what, () => exec.start({ hijack: true, stdin, Tty: tty })))
  return {
    stdin: stdin ? stream : undefined,
    output: demux(stream, { framed: !tty }),
    async exitCode() {
      for (;;) {
        const { Running, ExitCode } = await engine.call(what, () => exec.inspect())
        if (!Running) return ExitCode ?? undefined
        await sleep(askEveryMs)
      }
    },
    async resize({ width, height }) {
      const resized = () => engine.call(what, () => exec.resize({ w: width, h: height }))
      // Before its start it does not run either, but has no exit code.
      const ended = async () => typeof (await engine.call(what, () => exec.inspect())).ExitCode === 'number'
      await persistently(resized, ended)
    },
    async close() {
      const pid = await pidOf(() => engine.call(what, () => exec.inspect()))
      const root = pid === undefined ? undefined : identify(pid)
      if (root !== undefined) await hangUp(root)
      stream.destroy()
    },
  }
}

interface Inspected {
  readonly Running: boolean
  readonly Pid: number
  readonly ExitCode: number | null
}

/** The process of a command; undefined where that has ended. It may run a moment before the Engine knows which one it is. */
export async function pidOf(inspect: () => Promise<Inspected>): Promise<number | undefined> {
  for (const deadline = Date.now() + longestStartMs; Date.now() < deadline; await sleep(askEveryMs)) {
    const { Running, Pid, ExitCode } = await inspect()
    if (Running && Pid > 0) return Pid
    if (!Running && typeof ExitCode === 'number') return undefined
  }
  return undefined
}

function connected(what: string, stream: unknown): Duplex {
  if (!(stream instanceof Duplex)) throw new Error(`cannot ${what}: the Engine gave no connection`)
  // A command need not read what is written to it.
  stream.on('error', () => {})
  return stream
}

/** The Engine says that a command is started before it is, and it may end at any moment: what fails on is of no interest. */
async function persistently(ask: () => Promise<unknown>, ended: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + longestStartMs; Date.now() < deadline;) {
    try {
      await ask()
      return
    } catch {
      if (await ended()) return
      await sleep(askEveryMs)
    }
  }
}

/** Takes part in a container's own streams; letting go of them leaves it as it is. */
export async function attachTo(
  engine: DockerEngine,
  { id, stdin, tty }: { id: string; stdin: boolean; tty: boolean },
): Promise<ContainerStreams> {
  const what = `attach to container ${id.slice(0, 12)}`
  const container = engine.api.getContainer(id)
  const attached = await engine.call(what, () =>
    container.attach({ stream: true, hijack: true, stdin, stdout: true, stderr: true }),
  )
  const stream = connected(what, attached)
  return {
    stdin: stdin ? stream : undefined,
    output: demux(stream, { framed: !tty }),
    async exitCode() {
      const { State } = await engine.call(what, () => container.inspect())
      return State.Running ? undefined : State.ExitCode
    },
    async resize({ width, height }) {
      if (tty) await engine.call(what, () => container.resize({ w: width, h: height })).catch(() => {})
    },
    async close() {
      stream.destroy()
    },
  }
}
