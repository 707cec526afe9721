/** exec, attach, port-forward, cp and logs on real pods, by gantry, kubectl and client-node. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Exec, KubeConfig, PortForward } from '@kubernetes/client-node'
import type { V1Status } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith, missing } from '../needs.ts'
import type { Need } from '../needs.ts'
import { cli, freePort, Gantry, must } from './gantry.ts'
import type { GantryOptions, Output } from './gantry.ts'
import { importImages } from './images.ts'

const image = 'gantry-test/streams:1'
const programs = ['sh', 'cat', 'echo', 'env', 'head', 'id', 'ls', 'rm', 'sleep', 'stty', 'test', 'touch', 'tty']
/** Sends back what comes in, and says so; after the other side has said all, its own end. */
const echoServer = `
const server = require('node:net').createServer({ allowHalfOpen: true }, socket => socket.pipe(socket))
server.listen(7000, process.env.POD_IP, () => console.log('listening'))
setInterval(() => console.log('tick ' + Date.now()), 100)
`

function manifests(runtime: 'process' | 'docker'): string {
  const source = runtime === 'process' ? 'runtimeClassName: process' : 'enableServiceLinks: true'
  const named = runtime === 'process' ? '' : `image: ${image}`
  return `
apiVersion: v1
kind: Pod
metadata: { name: box, labels: { app: box } }
spec:
  ${source}
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      ${named}
      command: [node, --eval, ${JSON.stringify(echoServer)}]
      env:
        - { name: COLOUR, value: blue }
        - { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
      ports: [{ name: echo, containerPort: 7000 }]
    - name: other
      ${named}
      command: [sh, -c, 'echo other; sleep 100000']
---
apiVersion: v1
kind: Service
metadata: { name: box }
spec:
  selector: { app: box }
  ports: [{ port: 8070, targetPort: echo }]
---
apiVersion: v1
kind: Pod
metadata: { name: done }
spec:
  ${source}
  restartPolicy: Never
  containers:
    - name: main
      ${named}
      command: [sh, -c, 'echo was here']
`
}

function suite(name: string, needs: readonly Need[], options: GantryOptions & { runtime: 'process' | 'docker' }): void {
  describeWith(['git', ...needs], `streams: ${name}`, () => {
    let gantry: Gantry
    let removeImage = (): void => {}
    let server: string[]
    /** An ordinary user's bytes take the same way as root's. */
    const many = options.uid === undefined ? 200 : 20

    beforeAll(async () => {
      if (options.runtime === 'docker') {
        const paths = [...programs, 'tar'].map(program => `/bin/${program}`)
        removeImage = importImages({ programs: [process.execPath, ...paths] }, { [image]: ['sh'] })
      }
      gantry = await Gantry.up(options)
      server = ['--server', gantry.url, '--token', gantry.token]
      const clone = await gantry.clone()
      writeFileSync(join(clone.path, 'streams.yaml'), manifests(options.runtime))
      await clone.git('add', '.')
      await clone.push('Boxes')
      await gantry.until('ready', async () => {
        const { stdout } = await gantry.cli('get', 'pods')
        return /box +2\/2 +Running/.test(stdout) && /done +0\/1 +Completed/.test(stdout)
      })
    })
    afterAll(async () => {
      await gantry?.down()
      removeImage()
    })

    test('a command gives its output, its errors and its exit code', async () => {
      const script = 'echo out $COLOUR; echo err >&2; exit 3'
      expect(await gantry.cli('exec', 'box', '-c', 'main', ...server, '--', 'sh', '-c', script)).toEqual({
        code: 3,
        stdout: 'out blue\n',
        stderr: 'err\ngantry: command terminated with exit code 3\n',
      })
    })

    test('50 MB that are piped in come out again as they were', async () => {
      const path = await randomFile('piped', 50)
      const child = spawn(process.execPath, [cli, 'exec', '-i', 'box', '-c', 'main', ...server, '--', 'cat'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      createReadStream(path).pipe(child.stdin)
      expect(await hashOf(child.stdout)).toBe(await hashOf(createReadStream(path)))
    })

    test('a terminal has the size of ours, and its exit code', async () => {
      // Docker starts a command before its terminal has a size.
      const sized = 'until [ "$(stty size)" != "0 0" ]; do sleep 0.02; done'
      const inside = `exec ${process.execPath} ${cli} exec -it box -c main ${server.join(' ')} -- sh -c '${sized}; test -t 0 && stty size; exit 7'`
      const { code, stdout } = await gantry.run('script', ['-qec', `stty rows 33 cols 101; ${inside}`, '/dev/null'])
      expect(code).toBe(7)
      expect(stdout).toContain('33 101')
    })

    test('who goes away takes the command along', async () => {
      const seconds = String(randomInt(100_000, 900_000))
      const words = ['exec', '-i', 'box', '-c', 'main', ...server, '--', 'sleep', seconds]
      const child = spawn(process.execPath, [cli, ...words], { stdio: ['pipe', 'inherit', 'inherit'] })
      await gantry.until('running', async () => isRunning(['sleep', seconds]))
      child.kill('SIGKILL')
      await gantry.until('gone', async () => !isRunning(['sleep', seconds]))
    })

    test.each([
      ['a container that is not there', ['box', '-c', 'nope'], 'container nope is not valid for pod box'],
      ['a pod that is not there', ['gone'], 'Error from server (NotFound): pods "gone" not found'],
      ['a pod that has ended', ['done'], 'cannot exec into a container in a completed pod; current phase is Succeeded'],
    ])('%s is refused in kubectl’s words', async (_, words, message) => {
      const { code, stderr } = await gantry.cli('exec', ...words, ...server, '--', 'true')
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) })
      if (missing('kubectl') !== undefined) return
      const theirs = await gantry.run('kubectl', ['--kubeconfig', gantry.kubeconfig, 'exec', ...words, '--', 'true'])
      expect({ code: theirs.code, stderr: theirs.stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(message),
      })
    })

    test('attach shows what is written from then on', async () => {
      const child = spawn(process.execPath, [cli, 'attach', 'box', '-c', 'main', ...server], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
      await gantry.until('heard', async () => (said.match(/tick \d+\n/g) ?? []).length > 3)
      child.kill()
      expect(said).not.toContain('listening')
    })

    test(`${many} MB go through a forwarded port and come back as they were`, { timeout: 120_000 }, async () => {
      const local = await freePort()
      const child = spawn(process.execPath, [cli, 'port-forward', 'svc/box', `${local}:8070`, ...server], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        let said = ''
        child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
        await gantry.until('forwarding', async () => said === `Forwarding from 127.0.0.1:${local} -> 7000\n`)
        const path = await randomFile('forwarded', many)
        const socket = connect({ port: local, host: '127.0.0.1', allowHalfOpen: true })
        // The end that is sent goes through as well: only then does the other side end its own.
        const [came] = await Promise.all([hashOf(socket), pipeline(createReadStream(path), socket, { end: true })])
        expect(came).toBe(await hashOf(createReadStream(path)))
        expect(said).toContain(`Handling connection for ${local}\n`)
      } finally {
        child.kill()
      }
    })

    test('a port on which nothing listens closes the connection, and says why', async () => {
      const local = await freePort()
      const child = spawn(process.execPath, [cli, 'port-forward', 'box', `${local}:7001`, ...server], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let errors = ''
      child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part))
      await gantry.until('refused', async () => {
        const socket = connect(local, '127.0.0.1')
        await text(socket)
        return errors.includes('error forwarding port 7001') && errors.includes('connection refused')
      })
      child.kill()
    })

    test(`${many} MB are copied to a pod and back as they were; folders too`, { timeout: 120_000 }, async () => {
      const path = await randomFile('copied', many)
      must(await gantry.cli('cp', path, 'box:/tmp/there', '-c', 'main', ...server))
      must(await gantry.cli('cp', 'box:/tmp/there', join(gantry.folder, 'back'), '-c', 'main', ...server))
      expect(await hashOf(createReadStream(join(gantry.folder, 'back')))).toBe(await hashOf(createReadStream(path)))

      mkdirSync(join(gantry.folder, 'tree/deep'), { recursive: true })
      writeFileSync(join(gantry.folder, 'tree/deep/file'), 'in a folder\n')
      writeFileSync(join(gantry.folder, 'tree/empty'), '')
      must(await gantry.cli('cp', join(gantry.folder, 'tree'), 'box:/tmp', '-c', 'main', ...server))
      must(await gantry.cli('cp', 'box:/tmp/tree', join(gantry.folder, 'copy'), '-c', 'main', ...server))
      expect(readFileSync(join(gantry.folder, 'copy/deep/file'), 'utf8')).toBe('in a folder\n')
      expect(readFileSync(join(gantry.folder, 'copy/empty'), 'utf8')).toBe('')
    })

    test('what cannot be copied is told', async () => {
      const { code, stderr } = await gantry.cli('cp', 'box:/no/such/file', '/tmp/x', '-c', 'main', ...server)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/tar: .*No such file or directory/) })
      expect(await gantry.cli('cp', '/no/such/file', 'box:/tmp', '-c', 'main', ...server)).toMatchObject({
        code: 1,
        stderr: "gantry: /no/such/file doesn't exist in local filesystem\n",
      })
    })

    test('logs of all containers, of several pods, from their tails', async () => {
      const { stdout } = await gantry.cli(
        'logs',
        'box',
        '--all-containers',
        '--prefix',
        '--limit-bytes',
        '10',
        ...server,
      )
      expect(stdout).toBe('[pod/box/main] listening\n[pod/box/other] other\n')
      const tails = must(await gantry.cli('logs', '-l', 'app=box', '-c', 'main', '--tail', '3', ...server)).stdout
      expect(tails).toMatch(/^(tick \d+\n){3}$/)
      const { stdout: recent } = await gantry.cli('logs', 'box', '-c', 'main', '--since', '1s', ...server)
      expect(recent).toMatch(/^(tick \d+\n){2,15}$/)
      expect((await gantry.cli('logs', 'done', ...server)).stdout).toBe('was here\n')
    })

    test('top tells what nodes and pods use, to kubectl too', async () => {
      const { stdout: nodes } = must(await gantry.cli('top', 'nodes', ...server))
      expect(nodes).toMatch(
        /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\)\n\S+ +\d+m +\d+% +\d+Mi +\d+%\n$/,
      )
      const { stdout: pods } = must(await gantry.cli('top', 'pods', '--containers', '-l', 'app=box', ...server))
      // A Node.js that ticks takes megabytes, a sleep next to nothing.
      expect(pods).toMatch(
        /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)\nbox +main +\d+m +[1-9]\d*Mi\nbox +other +\d+m +\dMi\n$/,
      )
      if (missing('kubectl') !== undefined) return
      const theirs = must(await gantry.run('kubectl', ['--kubeconfig', gantry.kubeconfig, 'top', 'pods', 'box']))
      expect(theirs.stdout).toMatch(/^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nbox +\d+m +\d+Mi *\n$/)
    })

    test('client-node: exec and port-forward', async () => {
      const config = new KubeConfig()
      config.loadFromFile(gantry.kubeconfig)
      const [stdout, stderr] = [new PassThrough(), new PassThrough()]
      const said = Promise.all([text(stdout), text(stderr)])
      const status = await new Promise<V1Status>((resolve, reject) => {
        const stdin = Readable.from([Buffer.from('typed\n')])
        const words = ['sh', '-c', 'cat; echo oops >&2; exit 4']
        new Exec(config).exec('default', 'box', 'main', words, stdout, stderr, stdin, false, resolve).catch(reject)
      })
      expect(await said).toEqual(['typed\n', 'oops\n'])
      expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '4' }])

      const [input, output] = [new PassThrough(), new PassThrough()]
      const socket = await new PortForward(config).portForward('default', 'box', [7000], output, null, input)
      input.write('there and back')
      output.setEncoding('utf8')
      expect(await new Promise(resolve => output.once('data', resolve))).toBe('there and back')
      ;(socket as { close(): void }).close()
    })

    async function randomFile(name: string, megabytes: number): Promise<string> {
      const path = join(gantry.folder, name)
      const block = randomBytes(1024 * 1024)
      const blocks = function* (): Generator<Buffer> {
        for (let n = 0; n < megabytes; n += 1) {
          block.writeUInt32LE(n, 0)
          yield Buffer.from(block)
        }
      }
      await pipeline(blocks(), createWriteStream(path, { mode: 0o644 }))
      return path
    }
  })

  describeWith(['git', 'kubectl', ...needs], `kubectl streams: ${name}`, () => {
    let gantry: Gantry
    beforeAll(async () => {
      gantry = await Gantry.up({ ...options, runtime: undefined } as GantryOptions)
      await gantry.until('ready', async () => /Running/.test((await kubectl('get', 'pods')).stdout))
    })
    afterAll(() => gantry?.down())
    const kubectl = (...args: string[]): Promise<Output> =>
      gantry.run('kubectl', ['--kubeconfig', gantry.kubeconfig, ...args])

    test('exec, in a terminal too, and cp', async () => {
      expect(await kubectl('exec', 'deploy/hello', '--', 'sh', '-c', 'echo out; exit 6')).toMatchObject({
        code: 6,
        stdout: 'out\n',
        stderr: expect.stringContaining('command terminated with exit code 6'),
      })
      const inside = `exec kubectl --kubeconfig ${gantry.kubeconfig} exec -it deploy/hello -- stty size`
      const { stdout } = await gantry.run('script', ['-qec', `stty rows 21 cols 77; ${inside}`, '/dev/null'])
      expect(stdout).toContain('21 77')
      const pod = (await kubectl('get', 'pods', '-o', 'name')).stdout.split('\n')[0]?.slice('pod/'.length) ?? ''
      writeFileSync(join(gantry.folder, 'sent'), 'by kubectl\n', { mode: 0o644 })
      must(await kubectl('cp', join(gantry.folder, 'sent'), `${pod}:/tmp/sent`))
      expect(must(await kubectl('exec', pod, '--', 'cat', '/tmp/sent')).stdout).toBe('by kubectl\n')
    })
  })
}

function isRunning(words: readonly string[]): boolean {
  return readdirSync('/proc').some(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${words.join('\0')}\0`
    } catch {
      return false
    }
  })
}

async function hashOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => hash.update(chunk))
    stream.once('end', resolve).once('error', reject)
  })
  return hash.digest('hex')
}

suite('process pods', ['root', 'ip'], { runtime: 'process', args: ['--runtime', 'process'] })
suite('process pods of an ordinary user', ['root'], { runtime: 'process', args: ['--runtime', 'process'], uid: 61_235 })
suite('Docker pods', ['root', 'ip', 'docker'], { runtime: 'docker' })
