/** A real sshd of the test's own, on loopback, with its own host key, and a key that it lets in. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './gantry.ts'

const run = promisify(execFile)

export class SshHost {
  readonly folder: string
  readonly port: number
  /** The private key that is let in. */
  readonly key: string
  /** Another private key, which is not. */
  readonly strangersKey: string
  /** A known_hosts file that has the host's key. */
  readonly knownHosts: string
  #process: ChildProcess
  #log = ''

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.folder = folder
    this.port = port
    this.key = join(folder, 'user')
    this.strangersKey = join(folder, 'stranger')
    this.knownHosts = join(folder, 'known_hosts')
    this.#process = process
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
  }

  /** Runs as this user and lets in this user alone. */
  static async open({ uid }: { uid: number }): Promise<SshHost> {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-ssh-'))
    chownSync(folder, uid, uid)
    const user = { uid, gid: uid }
    for (const name of ['host', 'user', 'stranger']) {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)], user)
    }
    const port = await freePort()
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
      'PidFile none',
      'UsePAM no',
      // It would look at the owner of /tmp.
      'StrictModes no',
      'AuthenticationMethods publickey',
    ]
    writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
    writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${readFileSync(join(folder, 'host.pub'), 'utf8')}`)
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...user,
    })
    const host = new SshHost(folder, port, child)
    await host.#answers()
    return host
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 250; tries++) {
      const answers = await new Promise(resolve => {
        const socket = connect(this.port, '127.0.0.1', () => resolve(true))
        socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
      })
      if (answers) return
      await sleep(20)
    }
    throw new Error(`sshd does not answer:\n${this.#log}`)
  }

  async close(): Promise<void> {
    const ended = new Promise(resolve => this.#process.once('exit', resolve))
    if (this.#process.exitCode === null && this.#process.kill()) await ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}
