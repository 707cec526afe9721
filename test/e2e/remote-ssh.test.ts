/** A followed repository behind ssh: with the user's own ssh, its keys, its agent and its known hosts, and never a prompt. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import { Remote, menu, servedBy } from './remote.ts'
import { SshHost } from './ssh-host.ts'

const uid = 1000
const following = ['--runtime', 'process', '--interval', '1']

describeWith(['root', 'git', 'sshd'], 'a repository behind ssh', () => {
  let remote: Remote
  let host: SshHost
  let url: string
  let gantry: Gantry | undefined
  beforeAll(async () => {
    remote = await Remote.create({ uid })
    await remote.commit('Soup', menu('soup'))
    host = await SshHost.open({ uid })
    url = `ssh://127.0.0.1:${host.port}${remote.path}`
  })
  afterEach(async () => {
    await gantry?.down()
    gantry = undefined
  })
  afterAll(async () => {
    await host?.close()
    remote?.remove()
  })

  async function follow(address: string, env: Readonly<Record<string, string | undefined>>): Promise<Gantry> {
    gantry = await Gantry.up({
      uid,
      args: [...following, '--repo', address],
      env: { GIT_SSH_COMMAND: undefined, SSH_AUTH_SOCK: undefined, ...env },
    })
    return gantry
  }
  async function serves(running: Gantry, dish: string): Promise<void> {
    await running.until(`serving ${dish}`, async () => (await servedBy(running)) === dish)
  }

  test('GIT_SSH_COMMAND says with what key; changes arrive, and the record goes back', async () => {
    const ssh = `ssh -F /dev/null -i ${host.key} -o UserKnownHostsFile=${host.knownHosts}`
    const running = await follow(url, { GIT_SSH_COMMAND: ssh })
    await serves(running, 'soup')
    await remote.commit('Fish', menu('fish'))
    await serves(running, 'fish')
    await running.until('mirrored', () => remote.mirrors(running))
    const record = await remote.bare('log', '--format=%s%n%b', 'observed/hello')
    expect(record).toContain(`Desired-Commit: ${await remote.git('rev-parse', 'HEAD')}`)
  })

  test("core.sshCommand of the user's git does as well, and an address as scp has it", async () => {
    const folder = host.folder
    const config = join(folder, 'ssh_config')
    const lines = ['Host kitchen', 'HostName 127.0.0.1', `Port ${host.port}`, `IdentityFile ${host.key}`]
    writeFileSync(config, `${lines.join('\n')}\nUserKnownHostsFile ${host.knownHosts}\n`)
    writeFileSync(join(folder, '.gitconfig'), `[core]\n\tsshCommand = ssh -F ${config}\n`)
    await serves(await follow(`kitchen:${remote.path}`, { HOME: folder }), 'fish')
  })

  test("the user's agent has the key", async () => {
    const agent = await startAgent()
    const ssh = `ssh -F /dev/null -o UserKnownHostsFile=${host.knownHosts}`
    try {
      await serves(await follow(url, { GIT_SSH_COMMAND: ssh, SSH_AUTH_SOCK: agent.socket }), 'fish')
    } finally {
      agent.process.kill()
    }
  })

  async function startAgent(): Promise<{ process: ChildProcess; socket: string }> {
    const socket = join(host.folder, 'agent')
    const process = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', uid, gid: uid })
    while (!existsSync(socket)) await new Promise(resolve => setTimeout(resolve, 20))
    execFileSync('ssh-add', ['-q', host.key], { env: { SSH_AUTH_SOCK: socket }, uid, gid: uid, stdio: 'pipe' })
    return { process, socket }
  }

  test.each([
    {
      name: 'a host that nobody knows',
      env: () => ({}),
      says: /cannot be read: git fetch of ssh:\S+ failed: .*Host key verification failed.*; check the host's key and add it to known_hosts, for example by connecting once with ssh/i,
    },
    {
      name: 'a key that is not let in',
      env: () => ({
        GIT_SSH_COMMAND: `ssh -F /dev/null -o IdentitiesOnly=yes -i ${host.strangersKey} -o UserKnownHostsFile=${host.knownHosts}`,
      }),
      says: /cannot be read: git fetch of ssh:\S+ failed: .*Permission denied.*; give the user that runs Gantry an ssh key that may read the repository/i,
    },
    {
      name: 'a key that is not let in, with an ssh of another name that would ask',
      env: () => ({ GIT_SSH_COMMAND: stubbornSsh(host, remote) }),
      says: /cannot be read: git fetch of ssh:\S+ failed: .*Permission denied.*; give the user that runs Gantry an ssh key/i,
    },
  ])('$name: a clear word, no question, no hanging', async ({ env, says }) => {
    const before = performance.now()
    const running = await follow(url, env())
    await running.until('told', async () => says.test((await running.cli('status')).stdout), 10)
    expect(running.output).toMatch(says)
    expect(performance.now() - before).toBeLessThan(15_000)
    expect(await servedBy(running)).toBeUndefined()
  })
})

/** A program around ssh that knows nothing of our options and would ask for the phrase of its key. */
function stubbornSsh(host: SshHost, remote: Remote): string {
  const { key, locked } = { key: host.strangersKey, locked: join(host.folder, 'locked') }
  execFileSync('cp', [key, locked])
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a phrase', '-f', locked])
  execFileSync('chown', [`${uid}`, locked])
  const program = join(remote.folder, 'my-connect')
  const line = `exec ssh -F /dev/null -i ${locked} -o UserKnownHostsFile=${host.knownHosts} "$@"`
  writeFileSync(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  return program
}
