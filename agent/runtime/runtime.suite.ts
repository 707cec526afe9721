/** What every runtime must do: run on each of them. */
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ContainerSpec, LogLine, LogOptions, Runtime, RuntimeEvent, SandboxSpec } from './runtime.ts'
import { StartError } from './runtime.ts'

export interface RuntimeUnderTest {
  /** A new agent's runtime on the same machine state: what comes after a crash. */
  open(): Promise<Runtime>
  /** Address for a pod of this mode. */
  allocate(podUid: string): Promise<string>
  readonly image: string | undefined
  readonly asUser: number | undefined
  dispose(): Promise<void>
}

export function runtimeSuite(make: () => Promise<RuntimeUnderTest>): void {
  let machine: RuntimeUnderTest
  let runtime: Runtime
  let volume: string
  let pod: SandboxSpec
  const opened: Runtime[] = []

  beforeAll(async () => {
    machine = await make()
    volume = await mkdtemp(join(tmpdir(), 'gantry-volume-'))
    await mkdir(join(volume, 'data'), { mode: 0o777 })
  })
  afterAll(async () => {
    await rm(volume, { recursive: true, force: true })
    await machine.dispose()
  })
  beforeEach(async () => {
    runtime = await reopened()
    const podUid = randomUUID()
    pod = {
      podUid,
      namespace: 'shop',
      name: 'web-0',
      hostname: 'web-0',
      ip: await machine.allocate(podUid),
      hostNetwork: false,
      hostAliases: [{ ip: '192.0.2.7', hostnames: ['elsewhere', 'elsewhere.example'] }],
      dns: {
        nameservers: ['192.0.2.53'],
        searches: ['shop.svc.cluster.local'],
        options: [{ name: 'ndots', value: '5' }],
      },
      ports: [],
      labels: { app: 'web' },
    }
    // Where Docker chooses the address, it is known only now.
    const { ip } = await runtime.createSandbox(pod)
    pod = { ...pod, ...(ip === undefined ? {} : { ip }) }
  })
  afterEach(async () => {
    await runtime.removeSandbox(pod.podUid)
    await Promise.all(opened.splice(0).map(one => one.close()))
  })

  async function reopened(): Promise<Runtime> {
    const one = await machine.open()
    opened.push(one)
    return one
  }

  function container(script: string, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    return {
      podUid: pod.podUid,
      namespace: pod.namespace,
      podName: pod.name,
      name: 'main',
      attempt: 0,
      ...(machine.image === undefined ? {} : { image: machine.image }),
      command: ['/bin/sh', '-c'],
      args: [script],
      env: {},
      mounts: [],
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      stdin: false,
      tty: false,
      ...overrides,
    }
  }

  /** Starts it and resolves when it has ended. */
  async function ran(
    spec: ContainerSpec,
  ): Promise<{ id: string; exitCode: number; message: string | undefined; lines: string[] }> {
    const { id } = await runtime.startContainer(spec)
    const lines = await textOf(id, { follow: true })
    const state = await until(
      () => stateOf(id),
      found => found?.kind === 'exited',
    )
    if (state?.kind !== 'exited') throw new Error(`state is ${state?.kind}`)
    return { id, exitCode: state.exitCode, message: state.message, lines }
  }

  async function stateOf(id: string, of = runtime) {
    const sandbox = (await of.list()).find(one => one.podUid === pod.podUid)
    return sandbox?.containers.find(one => one.id === id)?.state
  }

  async function textOf(id: string, options: LogOptions): Promise<string[]> {
    return (await linesOf(id, options)).map(line => line.text)
  }

  async function linesOf(id: string, options: LogOptions): Promise<LogLine[]> {
    const lines: LogLine[] = []
    for await (const line of runtime.logs(id, options)) lines.push(line)
    return lines
  }

  test('a sandbox made twice is one, and gone once removed', async () => {
    const again = await runtime.createSandbox(pod)
    expect(again).toEqual({
      podUid: pod.podUid,
      namespace: 'shop',
      name: 'web-0',
      ip: pod.ip,
      ready: true,
      containers: [],
    })
    expect((await runtime.list()).filter(one => one.podUid === pod.podUid)).toEqual([again])
    await runtime.removeSandbox(pod.podUid)
    await runtime.removeSandbox(pod.podUid)
    expect((await runtime.list()).filter(one => one.podUid === pod.podUid)).toEqual([])
  })

  test('runs a command to its end, with its exit code, last words and both streams', async () => {
    const script =
      'echo out; echo err >&2; printf "no line end"; (printf "last words" >/dev/termination-log) 2>/dev/null; exit 3'
    const { id, exitCode, message, lines } = await ran(container(script))
    expect({ exitCode, message, lines: lines.sort() }).toEqual({
      exitCode: 3,
      message: runtime.mountsRefused === undefined ? 'last words' : undefined,
      lines: ['err', 'no line end', 'out'],
    })
    const streams = (await linesOf(id, { follow: false })).map(line => `${line.stream} ${line.text}`).sort()
    expect(streams).toEqual(['stderr err', 'stdout no line end', 'stdout out'])
  })

  test('gives its own environment and nothing else', async () => {
    const env = { GREETING: `it's "quoted" $HOME\nand more`, EMPTY: '', 'my.var': 'dotted', PATH: '/usr/bin:/bin' }
    // As /proc has it: a shell leaves out what it cannot name.
    const { lines } = await ran(container('', { env, command: ['cat', '/proc/self/environ'], args: [] }))
    const variables = lines
      .join('\n')
      .split('\0')
      .filter(text => !/^(PWD|OLDPWD|SHLVL|_|GANTRY_\w+|HOME)=|^$/.test(text))
    expect(variables.sort()).toEqual([
      'EMPTY=',
      'GREETING=it\'s "quoted" $HOME\nand more',
      'HOSTNAME=web-0',
      'PATH=/usr/bin:/bin',
      'my.var=dotted',
    ])
  })

  test('knows its name and its hosts', async context => {
    context.skip(runtime.mountsRefused !== undefined, 'needs files of its own')
    const { lines } = await ran(container('cat /proc/sys/kernel/hostname /etc/hosts /etc/resolv.conf'))
    expect(lines).toEqual(
      expect.arrayContaining([
        'web-0',
        `${pod.ip}\tweb-0`,
        '192.0.2.7\telsewhere\telsewhere.example',
        'nameserver 192.0.2.53',
        'search shop.svc.cluster.local',
        'options ndots:5',
      ]),
    )
  })

  test('mounts volumes where nothing was, read-only where asked, one within another', async context => {
    context.skip(runtime.mountsRefused !== undefined, 'refused by name')
    await writeFile(join(volume, 'config'), 'from the host\n')
    const mounts = [
      { hostPath: join(volume, 'data'), containerPath: '/gantry-test/deep/data', readOnly: false },
      { hostPath: volume, containerPath: '/gantry-test', readOnly: false },
      { hostPath: volume, containerPath: '/opt/readonly', readOnly: true },
      { hostPath: join(volume, 'config'), containerPath: '/etc/gantry-test.conf', readOnly: true },
    ]
    const script = [
      'cat /etc/gantry-test.conf',
      'echo written >/gantry-test/deep/data/file && echo wrote',
      '(echo no >/opt/readonly/file) 2>/dev/null || echo refused',
      '(echo no >/etc/gantry-test.conf) 2>/dev/null || echo refused too',
    ].join('\n')
    const { lines } = await ran(container(script, { mounts, ...asOwner() }))
    expect(lines).toEqual(['from the host', 'wrote', 'refused', 'refused too'])
    expect(await readFile(join(volume, 'data/file'), 'utf8')).toBe('written\n')
    for (const path of ['/gantry-test', '/opt/readonly', '/etc/gantry-test.conf'])
      await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  test('what a container makes, and what is made for it, is for others to read', async context => {
    context.skip(runtime.mountsRefused !== undefined, 'refused by name')
    await writeFile(join(volume, 'greeting'), 'hello\n')
    const mounts = [
      { hostPath: join(volume, 'data'), containerPath: '/gantry-test/deep/data', readOnly: false },
      { hostPath: join(volume, 'greeting'), containerPath: '/gantry-other/deep/greeting', readOnly: true },
    ]
    const { id } = await runtime.startContainer(
      container('umask; cat /gantry-other/deep/greeting; sleep 1000', { mounts }),
    )
    const lines = await until(
      () => textOf(id, { follow: false }),
      seen => seen.length > 1,
    )
    expect(lines).toEqual(['0022', 'hello'])
    const command = ['/bin/sh', '-c', 'umask; echo /gantry-*/deep/*']
    expect(await runtime.exec(id, { command, timeoutMs: 5000 })).toEqual({
      exitCode: 0,
      output: '0022\n/gantry-other/deep/greeting /gantry-test/deep/data\n',
    })
  })

  test('what cannot be set up is told in the words of what forbade it, and may be tried again', async context => {
    context.skip(runtime.mountsRefused !== undefined, 'refused by name')
    const mounts = [{ hostPath: join(volume, 'data'), containerPath: '/etc/hosts/data', readOnly: false }]
    const broken = container('true', { mounts })
    await expect(runtime.startContainer(broken)).rejects.toMatchObject({
      reason: 'RunContainerError',
      message: expect.stringMatching(/\/etc\/hosts/),
    })
    expect((await runtime.list()).find(one => one.podUid === pod.podUid)?.containers).toEqual([])
    expect((await ran(container('echo mended'))).lines).toEqual(['mended'])
  })

  test('a read-only root can be written in volumes only', async context => {
    context.skip(runtime.mountsRefused !== undefined, 'refused by name')
    const mounts = [{ hostPath: join(volume, 'data'), containerPath: '/gantry-test', readOnly: false }]
    const script = '(echo x >/etc/x) 2>/dev/null || echo refused; echo y >/gantry-test/y && echo wrote'
    const spec = container(script, {
      mounts,
      securityContext: { ...asOwner().securityContext, readOnlyRootFilesystem: true },
    })
    expect((await ran(spec)).lines).toEqual(['refused', 'wrote'])
  })

  test('a container with a mount has it, or is refused by name', async () => {
    const mounts = [{ hostPath: join(volume, 'data'), containerPath: '/data', readOnly: false }]
    const started = runtime.startContainer(container('test -d /data', { mounts }))
    if (runtime.mountsRefused === undefined) await expect(started).resolves.toMatchObject({ podUid: pod.podUid })
    else await expect(started).rejects.toThrow('mounts a volume at /data')
  })

  test('ends on SIGTERM within the grace period', async () => {
    const { id } = await runtime.startContainer(
      container("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"),
    )
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('ready'),
    )
    await runtime.stopContainer(id, { graceSeconds: 20 })
    expect(await stateOf(id)).toMatchObject({ kind: 'exited', exitCode: 7 })
    expect(await textOf(id, { follow: false })).toEqual(['ready', 'bye'])
  })

  test('is killed with all that it started when it does not end in time', async () => {
    const { id } = await runtime.startContainer(
      container("trap '' TERM; sleep 1000 & echo ready; while :; do sleep 0.05; done"),
    )
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('ready'),
    )
    await runtime.stopContainer(id, { graceSeconds: 1 })
    expect(await stateOf(id)).toMatchObject({ kind: 'exited', exitCode: 137 })
  })

  test('the same start again adopts the container, also after a crash of the agent', async () => {
    const spec = container('echo started; sleep 1000')
    const first = await runtime.startContainer(spec)
    const [second, third] = await Promise.all([runtime.startContainer(spec), runtime.startContainer(spec)])
    const other = await reopened()
    const adopted = await other.startContainer(spec)
    expect([second, third, adopted]).toEqual([first, first, first])
    expect(await stateOf(first.id, other)).toEqual(first.state)
    await until(
      () => textOf(first.id, { follow: false }),
      lines => lines.length > 0,
    )
    expect(await textOf(first.id, { follow: false })).toEqual(['started'])
    const next = await runtime.startContainer({ ...spec, attempt: 1 })
    expect(next.id).not.toBe(first.id)
  })

  test('tells of starts and ends', async () => {
    const events: RuntimeEvent[] = []
    const stop = runtime.watch(event => events.push(event))
    const { id } = await runtime.startContainer(container('sleep 0.1; exit 4'))
    await until(
      async () => events,
      seen => seen.some(event => event.kind === 'container' && event.status.state.kind === 'exited'),
    )
    stop()
    const states = events.flatMap(event =>
      event.kind === 'container' && event.status.id === id ? [event.status.state.kind] : [],
    )
    expect(states.at(-1)).toBe('exited')
    expect(states).toContain('running')
  })

  test('follows a log to its end, from its tail, and stops when asked', async () => {
    const { id } = await runtime.startContainer(container('for n in 1 2 3 4 5 6; do echo $n; sleep 0.1; done'))
    expect(await textOf(id, { follow: true })).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(await textOf(id, { follow: false, tailLines: 2 })).toEqual(['5', '6'])
    const lines = await linesOf(id, { follow: false })
    expect(lines.every(line => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(line.time))).toBe(true)
    const fourth = Date.parse(lines[3]?.time ?? '')
    expect(await textOf(id, { follow: false, since: fourth })).toEqual(['4', '5', '6'])

    const endless = await runtime.startContainer(container('echo on; sleep 1000', { name: 'endless' }))
    const abort = new AbortController()
    const seen: string[] = []
    for await (const line of runtime.logs(endless.id, { follow: true, signal: abort.signal })) {
      seen.push(line.text)
      abort.abort()
    }
    expect(seen).toEqual(['on'])
  })

  test('runs commands in a container, with its environment, and ends them in time', async () => {
    const { id } = await runtime.startContainer(
      container('echo here >/tmp/here; sleep 1000', { env: { COLOUR: 'blue' } }),
    )
    await until(
      () => runtime.exec(id, { command: ['cat', '/tmp/here'], timeoutMs: 5000 }),
      result => result.exitCode === 0,
    )
    const command = ['/bin/sh', '-c', 'cat /tmp/here; echo $COLOUR; echo oops >&2; exit 5']
    const { exitCode, output } = await runtime.exec(id, { command, timeoutMs: 5000 })
    expect({ exitCode, output: output.split('\n').sort() }).toEqual({
      exitCode: 5,
      output: ['', 'blue', 'here', 'oops'],
    })
    const began = Date.now()
    const late = await runtime.exec(id, { command: ['sleep', '1000'], timeoutMs: 300 })
    expect(late.exitCode).toBeUndefined()
    expect(Date.now() - began).toBeLessThan(5000)
    const long = await runtime.exec(id, { command: ['/bin/sh', '-c', 'yes | head -c 30000'], timeoutMs: 5000 })
    expect({ ...long, output: long.output.length }).toEqual({ exitCode: 0, output: 10 * 1024 })
    await expect(runtime.exec(`${id}x`, { command: ['true'], timeoutMs: 1000 })).rejects.toThrow()
  })

  test('tells on which addresses a pod listens, where pods share the addresses of the host', async () => {
    const { listeners } = runtime
    if (listeners === undefined) return expect(runtime.name).toBe('docker')
    const script = "require('net').createServer().listen(8099, '0.0.0.0').on('listening', () => console.log('listens'))"
    const { id } = await runtime.startContainer(container('', { command: [process.execPath, '-e', script], args: [] }))
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('listens'),
    )
    expect(await listeners(pod.podUid)).toEqual([{ address: '0.0.0.0', port: 8099 }])
  })

  test('removes a container with its log', async () => {
    const { id } = await ran(container('echo gone'))
    await runtime.removeContainer(id)
    await runtime.removeContainer(id)
    expect(await stateOf(id)).toBeUndefined()
  })

  test('refuses what cannot run, and leaves nothing of it', async () => {
    const missing = container('', { command: ['gantry-no-such-program'], args: [] })
    await expect(runtime.startContainer(missing)).rejects.toThrow(StartError)
    await expect(runtime.startContainer(missing)).rejects.toThrow('gantry-no-such-program')
    const noSource = container('', {
      mounts: [{ hostPath: join(volume, 'nowhere'), containerPath: '/x', readOnly: false }],
    })
    const says = runtime.mountsRefused === undefined ? join(volume, 'nowhere') : 'mounts a volume'
    await expect(runtime.startContainer(noSource)).rejects.toThrow(says)
    const root = container('', { securityContext: { runAsNonRoot: true, runAsUser: 0 } })
    await expect(runtime.startContainer(root)).rejects.toThrow(StartError)
    expect((await runtime.list()).find(one => one.podUid === pod.podUid)?.containers).toEqual([])
  })

  test('removing a sandbox ends its containers', async () => {
    const { id } = await runtime.startContainer(container('sleep 1000'))
    await runtime.removeSandbox(pod.podUid)
    expect(await stateOf(id)).toBeUndefined()
  })

  /** The user whose files the volume's are. */
  function asOwner(): Pick<ContainerSpec, 'securityContext'> & { securityContext: object } {
    return { securityContext: machine.asUser === undefined ? {} : { runAsUser: machine.asUser } }
  }
}

export async function until<T>(look: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  const end = Date.now() + 10_000
  for (;;) {
    const found = await look()
    if (holds(found)) return found
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(found)} after 10 s`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
