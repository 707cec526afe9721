/** What comes out of a container, and who is connected to it. */
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Ground } from './runtime.fixture.ts'
import { until } from './runtime.fixture.ts'

export function streamsSuite(ground: Ground): void {
  const { container, ran, textOf, linesOf } = ground

  test('runs a command to its end, with its exit code, last words and both streams', async () => {
    const script =
      'echo out; echo err >&2; printf "no line end"; (printf "last words" >/dev/termination-log) 2>/dev/null; exit 3'
    const { id, exitCode, message, lines } = await ran(container(script))
    expect({ exitCode, message, lines: lines.sort() }).toEqual({
      exitCode: 3,
      message: ground.runtime.mountsRefused === undefined ? 'last words' : undefined,
      lines: ['err', 'no line end', 'out'],
    })
    const streams = (await linesOf(id, { follow: false })).map(line => `${line.stream} ${line.text}`).sort()
    expect(streams).toEqual(['stderr err', 'stdout no line end', 'stdout out'])
  })

  test('follows a log to its end, from its tail, and stops when asked', async () => {
    const { id } = await ground.runtime.startContainer(container('for n in 1 2 3 4 5 6; do echo $n; sleep 0.1; done'))
    expect(await textOf(id, { follow: true })).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(await textOf(id, { follow: false, tailLines: 2 })).toEqual(['5', '6'])
    const lines = await linesOf(id, { follow: false })
    expect(lines.every(line => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(line.time))).toBe(true)
    const fourth = Date.parse(lines[3]?.time ?? '')
    expect(await textOf(id, { follow: false, since: fourth })).toEqual(['4', '5', '6'])

    const endless = await ground.runtime.startContainer(container('echo on; sleep 1000', { name: 'endless' }))
    const abort = new AbortController()
    const seen: string[] = []
    for await (const line of ground.runtime.logs(endless.id, { follow: true, signal: abort.signal })) {
      seen.push(line.text)
      abort.abort()
    }
    expect(seen).toEqual(['on'])
  })

  test('runs commands in a container, with its environment, and ends them in time', async () => {
    // Where nothing is isolated it is the host's.
    const here = `/tmp/gantry-here-${randomInt(1_000_000_000)}`
    const { id } = await ground.runtime.startContainer(
      container(`echo here >${here}; sleep 1000`, { env: { COLOUR: 'blue' } }),
    )
    await until(
      () => ground.runtime.exec(id, { command: ['cat', here], timeoutMs: 5000 }),
      result => result.exitCode === 0,
    )
    const command = ['/bin/sh', '-c', `cat ${here}; rm ${here}; echo $COLOUR; echo oops >&2; exit 5`]
    const { exitCode, output } = await ground.runtime.exec(id, { command, timeoutMs: 5000 })
    expect({ exitCode, output: output.split('\n').sort() }).toEqual({
      exitCode: 5,
      output: ['', 'blue', 'here', 'oops'],
    })
    const began = Date.now()
    const late = await ground.runtime.exec(id, { command: ['sleep', '1000'], timeoutMs: 300 })
    expect(late.exitCode).toBeUndefined()
    expect(Date.now() - began).toBeLessThan(5000)
    const long = await ground.runtime.exec(id, { command: ['/bin/sh', '-c', 'yes | head -c 30000'], timeoutMs: 5000 })
    expect({ ...long, output: long.output.length }).toEqual({ exitCode: 0, output: 10 * 1024 })
    await expect(ground.runtime.exec(`${id}x`, { command: ['true'], timeoutMs: 1000 })).rejects.toThrow()
  })

  test('tells on which addresses a pod listens, where pods share the addresses of the host', async () => {
    const { listeners } = ground.runtime
    if (listeners === undefined) return expect(ground.runtime.name).toBe('docker')
    const script = "require('net').createServer().listen(8099, '0.0.0.0').on('listening', () => console.log('listens'))"
    const { id } = await ground.runtime.startContainer(
      container('', { command: [process.execPath, '-e', script], args: [] }),
    )
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('listens'),
    )
    expect(await listeners(ground.pod.podUid)).toEqual([{ address: '0.0.0.0', port: 8099 }])
  })
}
