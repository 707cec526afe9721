/** The units of gantry install under a real systemd, the first process of namespaces that hold nothing but it. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cli, must } from '../e2e/gantry.ts'
import type { Output } from '../e2e/gantry.ts'
import { describeWith } from '../needs.ts'

const execute = promisify(execFile)

/** What is written goes with the namespaces, and of the machine's own services none is seen. */
const init = `
set -e
for folder in /run /var/lib /etc/init.d /etc/systemd/system /lib/systemd/system /lib/systemd/system-generators /sys/fs/cgroup; do
  mount -t tmpfs tmpfs $folder
done
mkdir -p /run/netns /run/lock /run/home /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
for target in sysinit basic multi-user shutdown network-online; do
  printf '[Unit]\\nDefaultDependencies=no\\n' > /lib/systemd/system/$target.target
done
ip link set lo up
hostname booted
exec env container=test /lib/systemd/systemd --system --unit=multi-user.target
`

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[]
      readonly containerStatuses?: readonly { readonly restartCount: number }[]
    }
  }[]
}

describeWith(['root', 'ip', 'git', 'booted'], 'the units of gantry install', () => {
  let machine: ChildProcess
  let pid: string

  beforeAll(async () => {
    const kinds = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc']
    // It ends with the tests, however these end.
    machine = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...kinds, 'bash', '-c', init], { stdio: 'ignore' })
    const children = `/proc/${machine.pid}/task/${machine.pid}/children`
    await until('booted', async () => {
      pid = readFileSync(children, 'utf8').trim()
      return (await run('systemctl', 'is-active', 'multi-user.target')).stdout === 'active\n'
    })
  })
  afterAll(async () => {
    if (machine.exitCode !== null || machine.signalCode !== null) return
    const ended = once(machine, 'exit')
    machine.kill('SIGKILL')
    await ended
    // The kernel takes all that ran there with its first process.
    await until('gone', async () => !existsSync(`/proc/${pid}/ns/pid`))
  })

  async function run(...argv: readonly string[]): Promise<Output> {
    const within = ['--target', pid, '--net', '--mount', '--uts', '--ipc', '--pid', '--wd=/', '--']
    const env = { PATH: process.env['PATH'], HOME: '/run/home' }
    try {
      return { code: 0, ...(await execute('nsenter', [...within, ...argv], { env, timeout: 60_000 })) }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, stdout, stderr: `${stderr}\n${String(error)}` }
    }
  }
  const gantry = (...args: readonly string[]): Promise<Output> => run(process.execPath, cli, ...args)
  async function gantryAs(env: string, ...args: readonly string[]): Promise<Output> {
    return run('env', env, process.execPath, cli, ...args)
  }
  async function asks(...args: readonly string[]): Promise<string> {
    const read = async (name: string): Promise<string> => (await run('cat', `/var/lib/gantry/${name}`)).stdout.trim()
    return must(await gantry(...args, '--server', await read('server'), '--token', await read('token'))).stdout
  }

  /** The process of each container, with its restarts: both stay where nothing was started anew. */
  async function running(): Promise<{ readonly pids: readonly string[]; readonly restarts: readonly number[] }> {
    const { items } = JSON.parse(await asks('get', 'pods', '-o', 'json')) as Pods
    const restarts = items.flatMap(({ status }) => status.containerStatuses?.map(each => each.restartCount) ?? [])
    const ready = items.filter(({ status }) =>
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
    if (ready.length !== 2) throw new Error(`${ready.length} of 2 pods are Ready`)
    const { stdout } = await run('pgrep', '--full', '--exact', 'node --eval .*http.createServer.*')
    return { pids: stdout.trim().split('\n'), restarts }
  }
  async function isReady(): Promise<boolean> {
    return (await running()).pids.length === 2
  }

  test('engine and agent run from their units, whose restart leaves the pods alone', async () => {
    must(await gantry('install', 'engine', '--agents-listen', '127.0.0.1:7421'))
    await until('asked', async () => (await asks('get', 'nodes')) !== undefined)
    const token = await asks('token', 'create')
    const flags = ['--join', '127.0.0.1:7421', '--name', 'two', '--runtime', 'process', '--node-ip', '127.0.0.1']
    must(await gantryAs(`GANTRY_JOIN_TOKEN=${token.trim()}`, 'install', 'agent', ...flags))
    await until('Ready', isReady)
    const before = await running()
    for (const unit of ['gantry-agent', 'gantry-engine']) {
      const mainPid = async (): Promise<string> => (await run('systemctl', 'show', '--property=MainPID', unit)).stdout
      const old = await mainPid()
      must(await run('systemctl', 'restart', unit))
      await until(`${unit} is another, and all is Ready`, async () => (await mainPid()) !== old && (await isReady()))
      expect(await running()).toEqual(before)
    }
  }, 90_000)

  test('uninstall takes the units away and leaves the pods; down stops those', async () => {
    must(await gantry('uninstall', 'agent'))
    must(await gantry('uninstall', 'engine'))
    expect((await run('ls', '/etc/systemd/system')).stdout.trim()).toBe('')
    expect((await run('systemctl', 'list-units', '--plain', '--no-legend', 'gantry*')).stdout.trim()).toBe('')
    expect((await run('pgrep', '--full', '--exact', 'node --eval .*http.createServer.*')).stdout).toMatch(
      /^\d+\n\d+\n$/,
    )
    must(await gantry('down', '--data', '/var/lib/gantry-agent', '--purge'))
    const { stdout } = await run('ps', '-e', '-o', 'args=')
    expect(stdout).not.toMatch(/createServer|proxy\.js|agent\.js/)
  })
})

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  let last: unknown
  for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(100)) {
    try {
      if (await check()) return
    } catch (error) {
      last = error
    }
  }
  throw new Error(`not ${what} within 40 s: ${String(last)}`)
}
