/** A repository elsewhere that `gantry up --repo` follows, and a web server of it that can be told to misbehave. */
import { execFile, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { must } from './gantry.ts'
import type { Gantry } from './gantry.ts'

const run = promisify(execFile)
const hello = readFileSync(new URL('../../examples/hello/hello.yaml', import.meta.url), 'utf8')

/** The hello example at a NodePort of its own, so that tests of other clusters may run beside it. */
export function helloAt(nodePort: number, version = '1'): string {
  return hello.replace('nodePort: 30080', `nodePort: ${nodePort}`).replace('value: "1"', `value: "${version}"`)
}

/** The least that a cluster can run: what a test of the way there needs. */
export function menu(dish: string): Record<string, string> {
  return { 'menu.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: menu\ndata:\n  dish: ${dish}\n` }
}

/** The dish that the cluster has; undefined where it has no menu. */
export async function servedBy(gantry: Gantry): Promise<string | undefined> {
  const { items } = await gantry.api<{ items: { metadata: { name: string }; data?: { dish?: string } }[] }>(
    '/api/v1/namespaces/default/configmaps',
  )
  return items.find(({ metadata }) => metadata.name === 'menu')?.data?.dish
}

/** A NodePort that is free as far as can be told. */
export function someNodePort(): number {
  return 30_100 + Math.floor(Math.random() * 2_600)
}

/** A bare repository on this disk and a clone of it in which commits are made. */
export class Remote {
  readonly folder: string
  readonly path: string
  readonly #uid: number

  private constructor(uid: number) {
    this.#uid = uid
    this.folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-remote-'))
    chownSync(this.folder, uid, uid)
    this.path = join(this.folder, 'remote.git')
  }

  static async create(options: { uid: number }): Promise<Remote> {
    const remote = new Remote(options.uid)
    await remote.#run(['init', '--quiet', '--bare', '--initial-branch', 'main', remote.path], remote.folder)
    await remote.bare('config', 'receive.denyDeleteCurrent', 'ignore')
    await remote.bare('config', 'http.receivepack', 'true')
    await remote.#run(['init', '--quiet', '--initial-branch', 'main', 'work'], remote.folder)
    await remote.git('remote', 'add', 'origin', remote.path)
    return remote
  }

  /** Git in the clone. */
  git(...args: readonly string[]): Promise<string> {
    return this.#run(args, join(this.folder, 'work'))
  }
  /** Git in the bare repository. */
  bare(...args: readonly string[]): Promise<string> {
    return this.#run(args, this.path)
  }

  /** A hook of the bare repository; without a script there is none. */
  hook(name: string, script?: string): void {
    const path = join(this.path, 'hooks', name)
    if (script === undefined) rmSync(path, { force: true })
    else writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  /** Makes the files of the branch these, commits and pushes; the commit's id. */
  async commit(message: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    await this.git('rm', '-r', '--force', '--quiet', '--ignore-unmatch', '.')
    for (const [name, contents] of Object.entries(files)) {
      const path = join(this.folder, 'work', name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, contents)
    }
    await this.git('add', '--all')
    await this.git('commit', '--quiet', '--allow-empty', '--message', message)
    await this.git('push', '--quiet', '--force', 'origin', 'HEAD:main')
    return this.git('rev-parse', 'HEAD')
  }

  /** Whether it has the record and the notes of a cluster as that has them now. */
  async mirrors(gantry: Gantry): Promise<boolean> {
    const list = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/observed', 'refs/notes']
    const { stdout } = must(await gantry.run('git', ['--git-dir', join(gantry.data, 'git/hello.git'), ...list]))
    return stdout.trim() === (await this.bare(...list))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #run(args: readonly string[], cwd: string): Promise<string> {
    const author = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' }
    const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' }
    const env = { PATH: process.env['PATH'], HOME: this.folder, ...author, ...committer }
    const { stdout } = await run('git', [...args], { cwd, env, uid: this.#uid, gid: this.#uid })
    return stdout.trim()
  }
}

/** What the server does with a request: the honest thing, or one of the faults of real ones. */
export type Conduct = 'serve' | 'answer 500' | 'hang' | 'send half a pack' | 'keep silent about a push'

export const password = 'pa55-w0rd'

/** What somebody asked of a server. */
export interface Asked {
  /** Milliseconds since 1970. */
  readonly at: number
  /** `GET /remote.git/info/refs?service=git-upload-pack` */
  readonly what: string
  /** Who was let in; undefined for one that was turned away. */
  readonly user: string | undefined
}

export interface GitHostOptions {
  readonly uid: number
  /** Serves https: PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Serves a remote by `git http-backend` to whoever knows the password, under any name. */
export class GitHost {
  conduct: Conduct = 'serve'
  /** The next password; the old one is then of no use. */
  password = password
  readonly asked: Asked[] = []
  /** Happens before the server looks at a request. */
  before: ((what: string) => Promise<unknown>) | undefined
  readonly #remote: Remote
  readonly #options: GitHostOptions
  #server: Server | undefined
  #port = 0

  constructor(remote: Remote, options: GitHostOptions) {
    this.#remote = remote
    this.#options = options
  }

  get url(): string {
    return `http${this.#options.tls ? 's' : ''}://127.0.0.1:${this.#port}/remote.git`
  }
  get urlWithPassword(): string {
    return this.url.replace('//', `//ada:${this.password}@`)
  }

  /** Comes back at the port that it had. */
  async open(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response)
    const { tls } = this.#options
    const server = tls ? createSecureServer(tls, listener) : createServer(listener)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, login = ''] = (request.headers.authorization ?? '').split(' ')
    const [user = '', word] = Buffer.from(login, 'base64').toString().split(':')
    const isKnown = word === this.password
    const what = `${request.method} ${request.url}`
    this.asked.push({ at: Date.now(), what, user: isKnown ? user : undefined })
    await this.before?.(what)
    if (this.conduct === 'hang') return
    if (this.conduct === 'answer 500') response.writeHead(500).end('the database is gone\n')
    else if (!isKnown) response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    else this.#serve(request, response)
  }

  /** As a CGI program: https://git-scm.com/docs/git-http-backend */
  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const backend = spawn('git', ['http-backend'], {
      uid: this.#options.uid,
      gid: this.#options.uid,
      env: {
        PATH: process.env['PATH'],
        HOME: this.#remote.folder,
        GIT_PROJECT_ROOT: this.#remote.folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'ada',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    backend.stdin.on('error', () => {})
    request.pipe(backend.stdin)
    const chunks: Buffer[] = []
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    backend.once('close', () => {
      const output = Buffer.concat(chunks)
      const end = output.indexOf('\r\n\r\n')
      const headers = output.subarray(0, end).toString().split('\r\n')
      const fields = headers.map(line => line.split(': ', 2) as [string, string])
      const status = Number(fields.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
      if (this.conduct === 'keep silent about a push' && url.pathname.endsWith('/git-receive-pack')) {
        response.destroy()
        return
      }
      response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'Status')))
      this.#send(response, output.subarray(end + 4))
    })
  }

  #send(response: ServerResponse, body: Buffer): void {
    const pack = body.indexOf('PACK')
    if (this.conduct !== 'send half a pack' || pack < 0) {
      response.end(body)
      return
    }
    response.write(body.subarray(0, pack + Math.floor((body.length - pack) / 2)), () => response.destroy())
  }
}
