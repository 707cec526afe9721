/** What of the user's own settings reaching a remote needs: certificates, proxies, ssh, and whom they trust; nothing else. */
import { join } from 'node:path'
import { readIfThere, writeFileDurably } from '../../machine/files.ts'
import { runGit } from './git-process.ts'
import type { GitConfig } from './git-process.ts'
import { GitError } from './repository.ts'

export interface RemoteSettings {
  readonly config: GitConfig
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Remote {
  /** The own repository's folder. */
  readonly repository: string
  /** Where the remote is, without credentials. */
  readonly url: string
  /** Milliseconds without a sign of life. */
  readonly idle: number
}

const inherited = [
  'HOME',
  'XDG_CONFIG_HOME',
  'USER',
  'LOGNAME',
  'SSH_AUTH_SOCK',
  'GIT_SSH',
  'GIT_SSH_VARIANT',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
]

/** Read anew for each fetch and push, so that what the user mends there needs no restart. */
export async function remoteSettings(remote: Remote, work: 'fetch' | 'push'): Promise<RemoteSettings> {
  const own = fromEnvironment(inherited)
  const seconds = String(Math.ceil(remote.idle / 1000))
  const common = {
    ...own,
    GIT_ALLOW_PROTOCOL: 'file:http:https:ssh',
    GIT_HTTP_LOW_SPEED_LIMIT: '1',
    GIT_HTTP_LOW_SPEED_TIME: seconds,
  }
  if (isFolder(remote.url)) {
    return { config: {}, env: { ...common, GIT_CONFIG_GLOBAL: await trust(remote.repository, work) } }
  }
  const config = await userConfig(remote.repository, /^(http\..*|core\.sshcommand|ssh\.variant)$/)
  const given = process.env['GIT_SSH_COMMAND'] ?? config['core.sshcommand']?.at(-1)
  const command = given ?? (own['GIT_SSH'] === undefined ? 'ssh' : undefined)
  return { config, env: { ...common, GIT_SSH_COMMAND: command && impatient(command, seconds) } }
}

/** Without a terminal no ssh can ask anything; OpenSSH is told, too, and the first word about an option counts there. */
function impatient(command: string, seconds: string): string {
  const isOpenSsh = /^\s*(\S*\/)?ssh(\s|$)/.test(command)
  return isOpenSsh ? `${command} -o BatchMode=yes -o ConnectTimeout=${seconds} -o ServerAliveInterval=10` : command
}

/** As git tells them apart: `host:path` is ssh, unless a slash comes first. */
function isFolder(url: string): boolean {
  return /^file:/i.test(url) || !/^[^/]*:/.test(url)
}

/**
 * A repository on this machine that the user named is to be read whoever owns it. To push there runs its owner's hooks as
 * this user, so that goes by whom the user's own git trusts. Git takes either from a file alone.
 */
async function trust(repository: string, work: 'fetch' | 'push'): Promise<string> {
  const trusted =
    work === 'fetch' ? ['*'] : ((await userConfig(repository, /^safe\.directory$/))['safe.directory'] ?? [])
  if (trusted.length === 0) return '/dev/null'
  const file = join(repository, `gantry-${work}.gitconfig`)
  const text = `[safe]\n${trusted.map(folder => `\tdirectory = ${JSON.stringify(folder)}\n`).join('')}`
  if ((await readIfThere(file)) !== text) await writeFileDurably(file, text, { mode: 0o600 })
  return file
}

function fromEnvironment(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** Settings of the user and the machine, by their names in lower case; a setting may hold several values. */
async function userConfig(repository: string, name: RegExp): Promise<Record<string, string[]>> {
  const { code, stdout, stderr } = await runGit(
    ['--git-dir', repository, 'config', '--null', '--get-regexp', name.source],
    {
      // Not Gantry's own, which leaves out what user and machine say.
      env: {
        GIT_CONFIG_GLOBAL: undefined,
        GIT_CONFIG_NOSYSTEM: undefined,
        ...fromEnvironment(['HOME', 'XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM']),
      },
    },
  )
  // 1 says that there is none.
  if (code !== 0 && code !== 1) {
    throw new GitError('RemoteRefused', `the settings of git cannot be read: ${stderr.trim()}`, 'mend ~/.gitconfig')
  }
  const config: Record<string, string[]> = {}
  for (const setting of stdout
    .toString()
    .split('\0')
    .filter(text => text !== '')) {
    const end = setting.indexOf('\n')
    // A name without a value means that it is true.
    const [key, value] = end < 0 ? [setting, 'true'] : [setting.slice(0, end), setting.slice(end + 1)]
    ;(config[key] ??= []).push(value)
  }
  return config
}
