import type { ChildProcess } from 'node:child_process'
import { Duplex } from 'node:stream'
import { spawnGit } from './git-process.ts'
import { Lock } from './lock.ts'
import { parseQuestion } from './pre-receive-hook.ts'
import type { HookQuestion } from './pre-receive-hook.ts'
import { objectionTo, parseUpdate } from './push.ts'
import type { Push, PushRules, PushUpdate, PushVerdict } from './push.ts'
import { openQuarantine } from './quarantine.ts'

export interface ReceiveOptions extends PushRules {
  /** Decides on a push. No other push is decided or carried out until this one's references have moved. */
  readonly onPush: (push: Push) => Promise<PushVerdict>
  /** Hears of the references that moved, in their order; still before any other push. Must not throw. */
  readonly onPushed: (updates: readonly PushUpdate[]) => void
  /** Milliseconds that onPush may take; two minutes by default. */
  readonly verdictTimeout?: number
  /** A push that brings more is refused; 1 GiB by default. */
  readonly maxPushBytes?: number
}

/** Findings of git's object check that old histories have and that do no harm. */
const harmless = ['zeroPaddedFilemode', 'badTimezone', 'missingSpaceBeforeDate', 'zeroPaddedDate', 'nullSha1']

/** Takes pushes in: `git receive-pack` does the work, its pre-receive hook asks here. */
export class Receiver {
  readonly lock = new Lock()
  readonly #options: ReceiveOptions
  readonly #hooks: string

  constructor(options: ReceiveOptions, hooks: string) {
    this.#options = options
    this.#hooks = hooks
  }

  start(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const { repository, maxPushBytes = 1024 ** 3 } = this.#options
    const child = spawnGit(['receive-pack', '--stateless-rpc', ...args, repository.path], {
      env,
      config: {
        'core.hooksPath': this.#hooks,
        'receive.fsckObjects': 'true',
        'receive.maxInputSize': String(maxPushBytes),
        'receive.advertisePushOptions': 'true',
        'receive.denyDeleteCurrent': 'ignore',
        'transfer.hideRefs': 'refs/gantry',
        // Git would list the repository's references once more, as those of the quarantine's alternate.
        'core.alternateRefsCommand': 'true',
        ...Object.fromEntries(harmless.map(finding => [`receive.fsck.${finding}`, 'ignore'])),
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    })
    const channel = child.stdio[3]
    if (channel instanceof Duplex) this.#listen(channel, child)
    return child
  }

  #listen(channel: Duplex, child: ChildProcess): void {
    const ended = new Promise<void>(resolve => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    // A hook whose receive-pack was killed would wait for ever.
    void ended.then(() => channel.destroy())
    // A hook that died does not read its verdict; that it ended is what counts.
    channel.on('error', () => undefined)
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString()
      const question = parseQuestion(text)
      if (!question) return
      channel.off('data', onData)
      void this.lock.hold(() => this.#answer(question, { channel, child, ended }))
    }
    channel.on('data', onData)
  }

  /** Never rejects. */
  async #answer(
    question: HookQuestion,
    { channel, child, ended }: { channel: Duplex; child: ChildProcess; ended: Promise<void> },
  ): Promise<void> {
    // It may have waited for the lock longer than its pusher did for it.
    if (child.exitCode !== null || child.signalCode !== null) return
    const { accept, lines } = await this.#judge(question).catch((error: unknown) => ({
      accept: false,
      lines: [`refused: Gantry could not look at this push: ${error instanceof Error ? error.message : String(error)}`],
    }))
    channel.end([accept ? 'accept' : 'refuse', ...lines, ''].join('\n'))
    if (!accept) return
    await ended
    const updates = question.updates.map(parseUpdate)
    // Where the repository cannot be read just now, whoever is told finds out by reading it again.
    const moved = await Promise.all(updates.map(update => this.#hasMoved(update).catch(() => true)))
    this.#options.onPushed(updates.filter((_, n) => moved[n]))
  }

  async #hasMoved({ ref, before, after }: PushUpdate): Promise<boolean> {
    return before !== after && (await this.#options.repository.resolve(ref)) === after
  }

  async #judge(question: HookQuestion): Promise<PushVerdict> {
    const { repository, onPush, verdictTimeout = 120_000 } = this.#options
    const objects = await openQuarantine(repository, question.quarantine)
    const { updates, pushOptions } = question
    const { late, cancel } = lateVerdict(verdictTimeout)
    try {
      const objection = await objectionTo(question, { ...this.#options, objects })
      if (objection) return { accept: false, lines: objection }
      return await Promise.race([onPush({ updates: updates.map(parseUpdate), objects, pushOptions }), late])
    } finally {
      cancel()
      await objects.close()
    }
  }
}

function lateVerdict(timeout: number): { late: Promise<PushVerdict>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<PushVerdict>(resolve => {
    const lines = [
      `refused: Gantry did not finish looking at this push within ${timeout / 1000} s; push a smaller change.`,
    ]
    timer = setTimeout(() => resolve({ accept: false, lines }), timeout)
  })
  return { late, cancel: () => clearTimeout(timer) }
}
