import type { ChildProcess } from 'node:child_process'
import { endOf, failure, spawnGit, startFailure } from './git-process.ts'
import type { ObjectType } from './objects.ts'
import { GitError } from './repository.ts'
import type { Oid } from './repository.ts'

export interface FoundObject {
  readonly type: ObjectType
  readonly size: number
  /** Empty where only the size was asked for. */
  readonly data: Buffer
}

interface Question {
  readonly oid: Oid
  readonly command: 'contents' | 'info'
  readonly resolve: (found: FoundObject) => void
  readonly reject: (error: GitError) => void
}

const headerLine = /^[0-9a-f]{40} (commit|tree|blob|tag) (\d+)$/

/**
 * One long-lived `git cat-file --batch-command`: answers in the order of the questions, at pipe speed. Where git dies
 * (it does of a corrupt object), the oldest question is rejected and the others are asked again of a new process.
 */
export class CatFile {
  readonly #repository: string
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #questions: Question[] = []
  #answered = 0
  #chunks: Buffer[] = []
  #buffered = 0
  #needed = 0
  #unsent: string[] = []
  #closed = false

  constructor(repository: string, env: Readonly<Record<string, string>> = {}) {
    this.#repository = repository
    this.#env = env
  }

  contents(oid: Oid): Promise<FoundObject> {
    return this.#ask('contents', oid)
  }

  info(oid: Oid): Promise<FoundObject> {
    return this.#ask('info', oid)
  }

  /** Ends the process; what was not answered yet is rejected. */
  async close(): Promise<void> {
    this.#closed = true
    for (const question of this.#takeOpen()) question.reject(closed(question.oid))
    await endOf(this.#child)
  }

  #ask(command: Question['command'], oid: Oid): Promise<FoundObject> {
    // Anything else than an id could be an expression, or more than one line.
    if (!/^[0-9a-f]{40}$/.test(oid)) return Promise.reject(missing(oid))
    if (this.#closed) return Promise.reject(closed(oid))
    return new Promise((resolve, reject) => this.#enqueue({ command, oid, resolve, reject }))
  }

  /** Questions of one turn of the event loop go out as one write, or 5,000 of them would be 5,000 writes. */
  #enqueue(question: Question): void {
    this.#questions.push(question)
    this.#unsent.push(`${question.command} ${question.oid}\n`)
    if (this.#unsent.length > 1) return
    queueMicrotask(() => {
      const lines = `${this.#unsent.join('')}flush\n`
      this.#unsent = []
      if (!this.#closed) (this.#child ??= this.#start()).stdin?.write(lines)
    })
  }

  #start(): ChildProcess {
    const child = spawnGit(['--git-dir', this.#repository, 'cat-file', '--batch-command', '--buffer'], {
      env: this.#env,
    })
    let words = ''
    child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk))
    child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4096)))
    // A write to a process that just died; its 'close' says what happens next.
    child.stdin?.on('error', () => undefined)
    child.once('error', error => this.#ended(child, startFailure(error)))
    child.once('close', () => this.#ended(child, failure(`reading from ${this.#repository}`, words)))
    return child
  }

  #ended(child: ChildProcess, error: GitError): void {
    if (this.#child !== child) return
    this.#child = undefined
    const [oldest, ...others] = this.#takeOpen()
    oldest?.reject(error)
    this.#unsent = []
    for (const question of others) {
      if (error.code === 'GitMissing') question.reject(error)
      else this.#enqueue(question)
    }
  }

  #takeOpen(): Question[] {
    const open = this.#questions.slice(this.#answered)
    this.#questions = []
    this.#answered = 0
    this.#chunks = []
    this.#buffered = 0
    this.#needed = 0
    return open
  }

  /** Joins chunks only once they hold a whole answer, so that a big blob is not copied once a chunk. */
  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    if (this.#buffered < this.#needed) return
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    for (let used = this.#answer(rest); used > 0; used = this.#answer(rest)) rest = rest.subarray(used)
    this.#chunks = [rest]
    this.#buffered = rest.length
  }

  /** Answers the oldest question from the start of the buffer; the bytes it took, 0 where more are needed. */
  #answer(buffer: Buffer): number {
    const question = this.#questions[this.#answered]
    const lineEnd = buffer.indexOf(10)
    this.#needed = 0
    if (!question || lineEnd < 0) return 0
    const line = buffer.toString('latin1', 0, lineEnd)
    const header = headerLine.exec(line)
    if (!header) {
      question.reject(missing(question.oid))
      return this.#done(lineEnd + 1)
    }
    const size = Number(header[2])
    const type = header[1] as ObjectType
    if (question.command === 'info') {
      question.resolve({ type, size, data: Buffer.alloc(0) })
      return this.#done(lineEnd + 1)
    }
    const end = lineEnd + 1 + size
    if (buffer.length <= end) {
      this.#needed = end + 1
      return 0
    }
    question.resolve({ type, size, data: Buffer.from(buffer.subarray(lineEnd + 1, end)) })
    return this.#done(end + 1)
  }

  #done(used: number): number {
    this.#answered += 1
    if (this.#answered === this.#questions.length) {
      this.#questions = []
      this.#answered = 0
    }
    return used
  }
}

function missing(oid: Oid): GitError {
  return new GitError('ObjectMissing', `object ${JSON.stringify(oid)} is not in the repository`)
}

function closed(oid: Oid): GitError {
  return new GitError('ObjectMissing', `object ${oid} cannot be read: the repository was closed`)
}
