// `npm test -- --setup`: a real Docker Engine and real programs for the tests, on sockets and folders of their own, in a
// network of their own: what a killed run leaves of bridges and rules is gone with it, and no other network is touched.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Program → the Debian package that brings it. */
const packages = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  nft: 'nftables',
  ip: 'iproute2',
  busybox: 'busybox-static',
  'redis-server': 'redis-server',
  git: 'git',
  wg: 'wireguard-tools',
  'wireguard-go': 'wireguard-go',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  sshd: 'openssh-server',
}

/** Of the user that the tests run Gantry as, where the machine has none with its uid. */
const account = 'gantry-test'

/**
 * Installs what is missing, starts dockerd. Returns the environment that the tests need, the words before a command that
 * run it in the tests' network, and what undoes it all.
 * @param {(line: string) => void} say
 */
export async function setUp(say) {
  if (process.getuid?.() !== 0) throw new Error('--setup needs root: it installs packages and starts dockerd')
  const before = installed()
  const missing = Object.entries(packages).filter(([program]) => !onPath(program))
  if (missing.length > 0) {
    const names = missing.map(([, name]) => name)
    say(`installing ${names.join(', ')} …`)
    apt('update', '-qq')
    apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  }
  const added = [...installed()].filter(name => !before.has(name))
  const hasAccount = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some(line => line.split(':')[2] === '1000')
  // Whoever comes by ssh has an account.
  if (!hasAccount) execFileSync('useradd', ['--uid', '1000', '--shell', '/bin/sh', account])
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-docker-'))
  const engine = await startDocker(folder, say).catch(error => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  return {
    env: { DOCKER_HOST: engine.host },
    within: ['nsenter', `--net=/proc/${engine.pid}/ns/net`],
    tearDown: async () => {
      await engine.stop()
      rmSync(folder, { recursive: true, force: true })
      if (!hasAccount) execFileSync('userdel', [account])
      if (added.length === 0) return
      say(`removing ${added.length} packages that were installed for the tests …`)
      apt('purge', '-y', '-qq', ...added)
    },
  }
}

async function startDocker(folder, say) {
  say('starting a Docker Engine for the tests …')
  const host = `unix://${folder}/docker.sock`
  const log = openSync(join(folder, 'dockerd.log'), 'a')
  const options = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`]
  // Its own containerd too: one that runs already may belong to somebody else.
  const start = ['--net', 'sh', '-c', 'ip link set lo up && exec dockerd "$@"', 'sh']
  const child = spawn('unshare', [...start, ...options, '--host', host, '--bridge', 'none'], {
    stdio: ['ignore', log, log],
    detached: true,
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null) break
    if (existsSync(`${folder}/docker.sock`) && answers(host)) {
      return {
        host,
        pid: child.pid,
        stop: async () => {
          child.kill('SIGTERM')
          await ended
        },
      }
    }
    await sleep(200)
  }
  child.kill('SIGKILL')
  throw new Error(`dockerd did not start:\n${readFileSync(join(folder, 'dockerd.log'), 'utf8').slice(-4000)}`)
}

function answers(host) {
  try {
    execFileSync('docker', ['--host', host, 'version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function onPath(program) {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some(folder =>
    existsSync(join(folder, program)),
  )
}

function installed() {
  const lines = execFileSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}${binary:Package}\n'], { encoding: 'utf8' })
  return new Set(lines.split('\n').flatMap(line => (line.startsWith('ii ') ? [line.slice(3)] : [])))
}

function apt(...args) {
  execFileSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    // A package's own daemon must not start: the tests start what they need themselves.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
}
