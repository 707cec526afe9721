/** What can be wrong with the machine: a clear message, what runs goes on, and all is well afterwards. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRepository } from '../../engine/git/open.ts'
import { describeWith } from '../needs.ts'
import { Gantry, cli, freePort, must } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask } from './poll.ts'
import { Remote, helloAt, someNodePort } from './remote.ts'

const uid = 1000

interface Pod {
  metadata: { name: string; uid: string }
  status: { phase: string; containerStatuses?: { containerID?: string; ready: boolean; restartCount: number }[] }
}

/** Every container of the cluster, by its pod. */
async function containers(gantry: Gantry): Promise<string[]> {
  const { items } = await gantry.api<{ items: Pod[] }>('/api/v1/pods')
  return items.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? []).map(each => `${metadata.name} ${each.containerID} ${each.restartCount}`),
  )
}

function deploy(clone: Clone, nodePort: number, version: string): Promise<string> {
  writeFileSync(join(clone.path, 'hello.yaml'), helloAt(nodePort, version))
  return clone.push(`Version ${version}`)
}

describeWith(['root', 'git'], 'a machine', () => {
  const nodePort = someNodePort()
  const hello = `http://127.0.0.1:${nodePort}/`
  let gantry: Gantry
  let clone: Clone
  let repository: string
  beforeAll(async () => {
    gantry = await Gantry.up({ uid, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
    repository = join(gantry.data, 'git/hello.git')
    await deploy(clone, nodePort, '1 of many')
    await runs('1 of many')
  })
  afterAll(async () => {
    await gantry?.down()
  })

  async function runs(version: string): Promise<void> {
    await gantry.until(
      `version ${version}`,
      async () => (await ask(hello)) === `Hello from Gantry, version ${version}\n`,
    )
    await settled()
  }

  /** Healthy, and without old pods that are on their way out. */
  async function settled(): Promise<void> {
    await gantry.until('healthy', async () => /● Healthy/.test((await gantry.cli('status')).stdout))
    await gantry.until('settled', async () => (await containers(gantry)).length === 2)
  }

  /** `gantry up` with these arguments, which is to end at once; what it says. */
  async function refused(...args: readonly string[]): Promise<string> {
    const { code, stderr } = await gantry.run('timeout', ['20', process.execPath, cli, 'up', ...args])
    expect(code).toBe(1)
    return stderr
  }

  test.each([
    { flag: '--port', ports: (mine: number, free: number) => [mine, free] },
    { flag: '--tls-port', ports: (mine: number, free: number) => [free, mine] },
  ])('whose $flag is taken: told at once, and nothing is left behind', async ({ flag, ports }) => {
    const data = join(gantry.folder, `other${flag}`)
    const [port, tlsPort] = ports(gantry.port, await freePort()).map(String)
    const said = await refused(
      '--data',
      data,
      '--port',
      port ?? '',
      '--tls-port',
      tlsPort ?? '',
      '--runtime',
      'process',
    )
    expect(said).toBe(
      `gantry: cannot listen on 127.0.0.1, port ${gantry.port}: another program uses the port; ` +
        `stop that program or choose another port with ${flag}\n`,
    )
    expect(programsOf(data)).toEqual([])
    expect(await ask(hello)).toMatch(/version 1 of many/)
  })

  test('whose data folder another Gantry uses', async () => {
    const said = await refused('--data', gantry.data, '--port', String(await freePort()))
    expect(said).toBe(
      `gantry: ${gantry.data} is in use by another Gantry (process ${gantry.pid}); ` +
        'stop that one, or choose another folder with --data\n',
    )
    expect(await ask(hello)).toMatch(/version 1 of many/)
  })

  test('whose observed branch another hand wrote: refused, until the good one is back', async () => {
    const before = await containers(gantry)
    await gantry.stop()
    const ref = 'refs/heads/observed/hello'
    const git = async (...args: readonly string[]) =>
      must(await gantry.run('git', ['--git-dir', repository, ...args])).stdout.trim()
    const head = await git('rev-parse', ref)
    const author = ['-c', 'user.name=Mallory', '-c', 'user.email=m@example.com']
    const foreign = await git(...author, 'commit-tree', '-p', head, '-m', 'Not by Gantry', `${head}^{tree}`)
    await git('update-ref', ref, foreign)
    const said = await refused(
      '--data',
      gantry.data,
      '--port',
      String(gantry.port),
      '--tls-port',
      String(gantry.tlsPort),
    )
    expect(said).toBe(
      `gantry: the record observed/hello cannot be trusted: its head ${foreign.slice(0, 12)} is not signed by this ` +
        "cluster's key; restore the keys folder of the data folder from a backup; or, to begin a new record and keep the " +
        `old one under another name: git --git-dir ${repository} branch -m observed/hello observed-before/hello\n`,
    )
    expect(await ask(hello)).toMatch(/version 1 of many/)
    expect(await git('rev-parse', ref)).toBe(foreign)
    await git('update-ref', ref, head)
    await gantry.start()
    await runs('1 of many')
    expect(await containers(gantry)).toEqual(before)
  })

  test('whose clock was ahead and jumped back: told, and time goes on from the record', async () => {
    const before = await containers(gantry)
    await gantry.stop()
    const ahead = Math.floor(Date.now() / 1000) + 400 * 24 * 3600
    const ref = 'refs/heads/observed/hello'
    const record = await openRepository(repository, { signingKey: join(gantry.data, 'keys/record') })
    const author = { name: 'Gantry', email: 'gantry@localhost' }
    const expected = await record.resolve(ref)
    await record.commit({ ref, expected, changes: new Map(), message: 'Later\n', author, at: ahead, sign: true })
    await record.close()
    execFileSync('chown', ['-R', `${uid}:${uid}`, repository])
    await gantry.start()
    expect(gantry.output).toMatch(
      /gantry: this machine's clock says [-0-9]+ [:0-9]+ UTC, but the record goes on to [-0-9]+ [:0-9]+; times go on from there\. Set the clock right/,
    )
    expect(await containers(gantry)).toEqual(before)
    await deploy(clone, nodePort, 'after the jump')
    await runs('after the jump')
    const newest = must(await gantry.run('git', ['--git-dir', repository, 'log', '-1', '--format=%ct', ref])).stdout
    expect(Number(newest)).toBeGreaterThanOrEqual(ahead)
    expect((await gantry.cli('status')).stdout).not.toMatch(/-\d+[smhd]|NaN|invalid/i)
  })

  test('that was started anew: nothing is adopted, all of it runs again', async () => {
    const before = await containers(gantry)
    const answer = await ask(hello)
    await gantry.stop('SIGKILL')
    // Nothing outlives a machine; what is on its disk tells of the boot before.
    for (const pid of programsOf(gantry.data)) process.kill(pid, 'SIGKILL')
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const changed = replaceIn(join(gantry.data, 'agent'), bootId, '00000000-0000-4000-8000-000000000000')
    expect(changed).toBeGreaterThan(2)
    await gantry.until('dead', async () => programsOf(gantry.data).length === 0)
    await expect(ask(hello)).rejects.toThrow()
    await gantry.start()
    await gantry.until('answering', async () => (await ask(hello)) === answer)
    await settled()
    const after = await containers(gantry)
    expect(after).toHaveLength(before.length)
    expect(after.filter(each => before.includes(each))).toEqual([])
  })
})

describeWith(['root', 'git'], 'a full disk', () => {
  const nodePort = someNodePort()
  const hello = `http://127.0.0.1:${nodePort}/`
  const filler = (): string => join(disk, 'filler')
  let disk: string
  let remote: Remote
  let gantry: Gantry
  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'gantry-e2e-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=48m,uid=${uid},gid=${uid},mode=0700`, 'gantry-e2e', disk])
    remote = await Remote.create({ uid })
    await remote.commit('Say hello', { 'hello.yaml': helloAt(nodePort) })
    const args = ['--runtime', 'process', '--interval', '1', '--repo', remote.path]
    gantry = await Gantry.up({ uid, data: join(disk, 'data'), args })
    await gantry.until('answering', async () => (await ask(hello)).includes('version 1'))
    await gantry.until('healthy', async () => /● Healthy/.test((await gantry.cli('status')).stdout))
  })
  afterAll(async () => {
    rmSync(filler(), { force: true })
    await gantry?.down()
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
    remote?.remove()
  })

  test('stops decisions, not pods, and says so until there is room', async () => {
    const before = await containers(gantry)
    fill(filler())
    await remote.commit('Version 2', { 'hello.yaml': helloAt(nodePort, '2') })
    const status = async (): Promise<string> => (await gantry.cli('status')).stdout
    await gantry.until('told', async () =>
      /disk is full; free space on the disk of the data folder/.test(await status()),
    )
    expect(gantry.output).toMatch(/disk is full; free space on the disk of the data folder/)
    expect(await ask(hello)).toBe('Hello from Gantry, version 1\n')
    expect(await containers(gantry)).toEqual(before)
    rmSync(filler())
    await gantry.until('version 2', async () => (await ask(hello)) === 'Hello from Gantry, version 2\n')
    await gantry.until('well', async () => /● Healthy/.test(await status()) && !/✖/.test(await status()))
  })

  test('through which Gantry is killed and started again', async () => {
    fill(filler())
    await gantry.stop('SIGKILL')
    expect(await ask(hello)).toBe('Hello from Gantry, version 2\n')
    rmSync(filler())
    const history = remote.git('rev-parse', 'HEAD')
    await gantry.start()
    await gantry.until('answering', async () => (await ask(hello)).includes('version 2'))
    expect((await gantry.cli('status')).stdout).toContain((await history).slice(0, 7))
  })
})

/** Leaves no room: first in big pieces, then in small ones. */
function fill(file: string): void {
  for (const size of ['64k', '1k']) {
    const words = ['if=/dev/zero', `of=${file}`, `bs=${size}`, 'oflag=append', 'conv=notrunc']
    expect(spawnSync('dd', words, { encoding: 'utf8' }).stderr).toContain('No space left on device')
  }
}

/** Programs whose command line names something in a folder. */
function programsOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`)
      } catch {
        return false
      }
    })
}

function replaceIn(folder: string, from: string, to: string): number {
  let changed = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile()) continue
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) continue
    writeFileSync(path, text.replaceAll(from, to))
    changed++
  }
  return changed
}
