/**
 * What a test needs of the machine. A test whose needs are not met is skipped under a name that says what is missing;
 * with GANTRY_TEST_STRICT=1 (CI) it fails instead.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe } from 'vitest'

const probes = {
  root: () => (process.getuid?.() === 0 ? undefined : 'not run as root'),
  docker: () => works('docker', ['version']) ?? undefined,
  wireguard: () => works('wg', ['--version']) ?? wireguardDevice(),
  nft: () => works('nft', ['--version']),
  netem: () => works('unshare', ['--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']),
  dockerd: () => works('dockerd', ['--version']),
  kubectl: () => works('kubectl', ['version', '--client']),
  git: () => works('git', ['--version']),
  chromium: () => (existsSync('/usr/bin/chromium') ? undefined : 'no /usr/bin/chromium'),
  corpus: () => (existsSync(new URL('../../shared/corpus', import.meta.url)) ? undefined : 'no ../shared/corpus'),
  ip: () => works('ip', ['-V']),
  systemd: () => works('systemctl', ['--version']) ?? works('systemd-analyze', ['--version']),
  booted: () => works('/lib/systemd/systemd', ['--version']) ?? works('unshare', ['--mount', 'sh', '-c', namedCgroup]),
  busybox: () => (existsSync('/bin/busybox') ? undefined : 'no /bin/busybox'),
  sshd: () => (existsSync('/usr/sbin/sshd') ? account(1000) : 'no /usr/sbin/sshd'),
  age: () => works('age', ['--version']),
  sops: () => works('sops', ['--version']),
  redis: () => works('redis-server', ['--version']),
} satisfies Record<string, () => string | undefined>

/** What systemd keeps its units in, on a machine whose cgroups are not its own. */
const namedCgroup = 'mount -t cgroup -o none,name=systemd cgroup /mnt'

export type Need = keyof typeof probes

/** Needs that CI may lack: they are oracles or foreign inputs, not parts of Gantry. */
const optional: ReadonlySet<Need> = new Set(['kubectl', 'corpus', 'systemd', 'booted', 'netem', 'nft', 'age', 'sops'])
const known = new Map<Need, string | undefined>()

/** Why a need is not met here; undefined where it is. */
export function missing(need: Need): string | undefined {
  if (!known.has(need)) known.set(need, probes[need]())
  return known.get(need)
}

/** `describe`, or the same skipped with the reason in its name. */
export function describeWith(needs: readonly Need[], name: string, body: () => void): void {
  const lacking = needs.flatMap(need => {
    const reason = missing(need)
    return reason === undefined ? [] : [{ need, reason }]
  })
  if (lacking.length === 0) {
    describe(name, body)
    return
  }
  const why = lacking.map(({ need, reason }) => `${need}: ${reason}`).join('; ')
  if (process.env['GANTRY_TEST_STRICT'] === '1' && lacking.some(({ need }) => !optional.has(need))) {
    throw new Error(`${name}: needs ${why}`)
  }
  describe.skip(`${name} [skipped, needs ${why}]`, body)
}

/** Ssh works for users with an account alone. */
function account(uid: number): string | undefined {
  const has = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some(line => line.split(':')[2] === String(uid))
  return has ? undefined : `no account with uid ${uid}`
}

/** Of the kernel, or made by the program. */
function wireguardDevice(): string | undefined {
  const kernel = works('unshare', ['--net', 'ip', 'link', 'add', 'probe', 'type', 'wireguard'])
  return kernel && works('wireguard-go', ['--version'])
}

function works(program: string, args: readonly string[]): string | undefined {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 })
    return undefined
  } catch {
    return `${program} ${args.join(' ')} does not succeed`
  }
}
