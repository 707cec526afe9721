/** Commands in a container, and containers, with somebody connected to them. */
import { createHash, randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { ExecOptions } from './runtime.ts'
import type { Ground } from './runtime.fixture.ts'
import { until } from './runtime.fixture.ts'
import type { ContainerStreams } from './streams.ts'

export function execSuite(ground: Ground): void {
  const { container, textOf } = ground

  async function running(script = 'sleep 1000'): Promise<string> {
    return (await ground.runtime.startContainer(container(script))).id
  }
  function open(id: string, script: string, options: Partial<ExecOptions> = {}): Promise<ContainerStreams> {
    const command = ['/bin/sh', '-c', script]
    return ground.runtime.openExec(id, { command, stdin: false, tty: false, ...options })
  }

  test('what a command writes comes as it is written, its streams apart, and then its exit code', async () => {
    const streams = await open(await running(), 'echo first; sleep 0.3; echo second >&2; sleep 0.3; exit 7')
    const seen: string[] = []
    for await (const { stream, bytes } of streams.output) seen.push(`${stream} ${String(bytes).trim()}`)
    expect(seen).toEqual(['stdout first', 'stderr second'])
    expect(await streams.exitCode()).toBe(7)
    expect(streams.stdin).toBeUndefined()
  })

  test('a command that a signal ends says so in its exit code', async () => {
    const streams = await open(await running(), 'kill -TERM $$')
    await saidBy(streams)
    expect(await streams.exitCode()).toBe(143)
  })

  test('50 MB that are piped in come out again as they were', { timeout: 60_000 }, async () => {
    const streams = await open(await running(), 'exec cat', { stdin: true })
    const sent = createHash('sha256')
    const block = Buffer.alloc(1024 * 1024)
    const blocks = async function* (): AsyncGenerator<Buffer> {
      for (let n = 0; n < 50; n += 1) {
        block.fill(n)
        block.writeUInt32LE(n * 7919, 4096)
        sent.update(block)
        yield Buffer.from(block)
      }
    }
    const input = Readable.from(blocks())
    if (streams.stdin === undefined) throw new Error('there is no input')
    input.pipe(streams.stdin)
    const came = createHash('sha256')
    let length = 0
    for await (const { bytes } of streams.output) {
      came.update(bytes)
      length += bytes.length
    }
    expect(length).toBe(50 * block.length)
    expect(came.digest('hex')).toBe(sent.digest('hex'))
    expect(await streams.exitCode()).toBe(0)
  })

  test('its streams can be opened by their names', async () => {
    const streams = await open(await running(), 'cat /dev/stdin >/dev/stdout; echo oops >/dev/stderr', { stdin: true })
    streams.stdin?.end('through names\n')
    expect(await saidBy(streams)).toEqual({ stdout: 'through names\n', stderr: 'oops\n' })
  })

  test('a command that reads nothing ends all the same', async () => {
    const streams = await open(await running(), 'echo done', { stdin: true })
    streams.stdin?.write(Buffer.alloc(1024 * 1024))
    expect(await saidBy(streams)).toEqual({ stdout: 'done\n', stderr: '' })
    expect(await streams.exitCode()).toBe(0)
    await streams.close()
  })

  test('a terminal is one, has the size that it is given, and the exit code comes through it', async () => {
    // Docker starts a command before its terminal has a size.
    const sized = 'until stty size 2>/dev/null | grep -qv "^0 0"; do sleep 0.02; done'
    const script = `test -t 0 && test -t 1 && test -t 2 && echo terminal; ${sized}; stty size; read go; stty size; exit 9`
    const streams = await open(await running(), script, { stdin: true, tty: true })
    await streams.resize({ width: 91, height: 23 })
    let said = ''
    for await (const { stream, bytes } of streams.output) {
      expect(stream).toBe('stdout')
      said += String(bytes)
      if (!said.endsWith('23 91\r\n')) continue
      await streams.resize({ width: 120, height: 40 })
      streams.stdin?.write('\r')
    }
    // What is typed is echoed by the terminal itself.
    expect(said).toBe('terminal\r\n23 91\r\n\r\n40 120\r\n')
    expect(await streams.exitCode()).toBe(9)
  })

  test('Ctrl-C in a terminal interrupts', async () => {
    const seconds = String(randomInt(100_000, 900_000))
    const streams = await open(await running(), `sleep ${seconds}; echo not reached`, { stdin: true, tty: true })
    const said = saidBy(streams)
    // Not before: dash forgets a signal that comes while it starts a command.
    await until(
      async () => processesOf(['sleep', seconds]),
      found => found === 1,
    )
    streams.stdin?.write('\x03')
    expect(await said).toEqual({ stdout: '^C', stderr: '' })
    expect(await streams.exitCode()).toBe(130)
  })

  test.each([{ tty: false }, { tty: true }])(
    'who goes away takes the command along: terminal $tty',
    async ({ tty }) => {
      const seconds = String(randomInt(100_000, 900_000))
      const streams = await open(await running(), `trap '' HUP; sleep ${seconds} & sleep ${seconds}`, {
        stdin: true,
        tty,
      })
      await until(
        async () => processesOf(['sleep', seconds]),
        found => found === 2,
      )
      await streams.close()
      await until(
        async () => processesOf(['sleep', seconds]),
        found => found === 0,
      )
    },
  )

  test('what a command leaves in the background does not hold its client', async () => {
    const streams = await open(await running(), 'sleep 1000 & echo gone')
    expect(await saidBy(streams)).toEqual({ stdout: 'gone\n', stderr: '' })
  })

  test('no command is run in a container that has ended', async () => {
    const { id } = await ground.ran(container('true'))
    await expect(open(id, 'true')).rejects.toThrow('is not running')
    await expect(ground.runtime.attach(id, { stdin: false })).rejects.toThrow('is not running')
  })

  test('who attaches sees what is written from then on, until the container ends', async () => {
    const go = `/tmp/gantry-go-${randomInt(1_000_000_000)}`
    const id = await running(`echo before; while [ ! -e ${go} ]; do sleep 0.05; done; rm ${go}; echo after; exit 3`)
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('before'),
    )
    const streams = await ground.runtime.attach(id, { stdin: false })
    const said = saidBy(streams)
    expect(await ground.runtime.exec(id, { command: ['touch', go], timeoutMs: 5000 })).toMatchObject({
      exitCode: 0,
    })
    expect(await said).toEqual({ stdout: 'after\n', stderr: '' })
    expect(await streams.exitCode()).toBe(3)
  })

  test('who stops being attached leaves the container as it is', async () => {
    const id = await running('while :; do echo on; sleep 0.05; done')
    const streams = await ground.runtime.attach(id, { stdin: false })
    const first = streams.output[Symbol.asyncIterator]()
    expect(String((await first.next()).value?.bytes)).toContain('on\n')
    await streams.close()
    expect(await ground.stateOf(id)).toMatchObject({ kind: 'running' })
  })
}

async function saidBy({ output }: ContainerStreams): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  for await (const { stream, bytes } of output) said[stream] += String(bytes)
  return said
}

/** How many processes of this machine were started with these words. */
function processesOf(words: readonly string[]): number {
  return readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${words.join('\0')}\0`
    } catch {
      return false
    }
  }).length
}
