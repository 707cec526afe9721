/**
 * A machine of the lab: network, mount, process and host name namespaces of its own, held by one process that ends when
 * the lab does, however it ends. With it the kernel ends everything that ran there and takes the namespaces away.
 */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { relayProgram } from './relay.ts'

const execute = promisify(execFile)

/**
 * The first process of the namespaces. `wait` reaps what is orphaned there; the end of its input, which the lab holds,
 * is the end. /run is the machine's own, so that its named namespaces, locks and sockets are.
 */
const init = `
hostname "$1" && mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/lock && ip link set lo up && echo ready
exec 3<&0
(read -r _ <&3) &
wait
`

export class Machine {
  readonly name: string
  /** Where the machine's files are; the whole lab sees them. */
  readonly folder: string
  readonly #holder: ChildProcess
  readonly #children = new Set<ChildProcess>()
  /** Of the first process, as the host counts. */
  readonly pid: number
  #closed = false

  private constructor(given: { name: string; folder: string; holder: ChildProcess; pid: number }) {
    this.name = given.name
    this.folder = given.folder
    this.#holder = given.holder
    this.pid = given.pid
  }

  static async start(name: string, folder: string): Promise<Machine> {
    const kinds = ['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc']
    const holder = spawn('unshare', [...kinds, 'bash', '-c', init, 'lab', name], { stdio: ['pipe', 'pipe', 'pipe'] })
    let words = ''
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
    const ended = once(holder, 'exit').then(() => Promise.reject(new Error(`machine ${name} did not start: ${words}`)))
    ended.catch(() => {})
    await Promise.race([once(holder.stdout, 'data'), ended])
    const machine = new Machine({ name, folder, holder, pid: childOf(holder.pid ?? 0) })
    await machine.#startRelay()
    return machine
  }

  /** The command line that runs another one on this machine. */
  through(argv: readonly string[], namespaces: readonly string[] = ['--net', '--mount', '--uts', '--pid']): string[] {
    return ['nsenter', '--target', String(this.pid), ...namespaces, '--wd=/', '--', ...argv]
  }

  /** Runs a program to its end; rejects with its words where it fails. */
  async run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const [program = '', ...args] = this.through(argv)
    const { stdout } = await execute(program, args, { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 })
    return stdout
  }

  /** Starts a program that runs on; its output goes to `<name>.log` in the machine's folder. */
  start(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const [program = '', ...args] = this.through(argv)
    const log = openSync(this.logFile(name), 'a')
    const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } })
    closeSync(log)
    return this.#own(new Program(child, this.logFile(name)))
  }

  logFile(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  /** A connection from this machine to an address that it reaches; errors as a connection of its own would. */
  connect(host: string, port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#relaySocket)
      socket.once('error', reject)
      socket.once('connect', () => socket.write(`${host} ${port}\n`))
      socket.once('readable', () => {
        socket.removeListener('error', reject)
        const answer = (socket.read() ?? Buffer.alloc(0)) as Buffer
        const end = answer.indexOf('\n') + 1
        const words = answer.subarray(0, end).toString()
        if (words !== 'ok\n') {
          socket.destroy()
          reject(new Error(`${this.name} → ${host}:${port}: ${words.trim()}`))
          return
        }
        // The server may have spoken at once.
        if (answer.length > end) socket.unshift(answer.subarray(end))
        resolve(socket)
      })
      socket.once('close', () => reject(new Error(`${this.name} → ${host}:${port}: the relay closed the connection`)))
    })
  }

  async stop(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const ended = once(this.#holder, 'exit')
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) {
      this.#holder.stdin?.end()
      await ended
    }
    await Promise.all([...this.#children].map(child => exitOf(child)))
  }

  get #relaySocket(): string {
    return join(this.folder, 'relay.sock')
  }

  async #startRelay(): Promise<void> {
    const argv = this.through([process.execPath, '-e', relayProgram, this.#relaySocket], ['--net', '--pid'])
    const [program = '', ...args] = argv
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#own(new Program(child, ''))
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }

  #own(program: Program): Program {
    this.#children.add(program.child)
    program.child.once('exit', () => this.#children.delete(program.child))
    return program
  }
}

/** A program that runs on a machine. */
export class Program {
  readonly child: ChildProcess
  readonly #log: string
  constructor(child: ChildProcess, log: string) {
    this.child = child
    this.#log = log
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** What it wrote, shortened to its end. */
  get words(): string {
    return readFileSync(this.#log, 'utf8').slice(-4_000)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.runs) return
    // `nsenter` waits for the program and would not pass the signal on.
    process.kill(childOf(this.child.pid ?? 0), signal)
    await exitOf(this.child)
  }
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** The only child of a process, as the host counts. */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const child = Number(children[0])
  if (children.length !== 1 || !(child > 0))
    throw new Error(`process ${pid} has the children ${children.join(', ')}, not one`)
  return child
}
