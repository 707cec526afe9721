/** A followed repository on a web server: who is let in and how, what a wrong word says, and whom https trusts. */
import { webcrypto } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry, must } from './gantry.ts'
import { GitHost, Remote, menu, servedBy } from './remote.ts'

const uid = 1000
const following = ['--runtime', 'process', '--interval', '1']
const secret = 'pa55-w0rd'

describeWith(['root', 'git'], 'a repository behind a password', () => {
  let remote: Remote
  let host: GitHost
  let gantry: Gantry | undefined
  beforeAll(async () => {
    remote = await Remote.create({ uid })
    await remote.commit('Soup', menu('soup'))
    host = new GitHost(remote, { uid })
    await host.open()
  })
  afterEach(async () => {
    await gantry?.down()
    gantry = undefined
  })
  afterAll(async () => {
    await host.close()
    remote.remove()
  })

  function netrc(): string {
    const home = join(remote.folder, 'home')
    mkdirSync(home, { recursive: true })
    // Whoever runs the tests may be another user than Gantry's.
    writeFileSync(join(home, '.netrc'), `machine 127.0.0.1 login ada password ${secret}\n`)
    return home
  }

  test.each([
    { how: 'a token', user: 'gantry', env: () => ({ GANTRY_REPO_TOKEN: secret }), url: () => host.url },
    { how: '.netrc', user: 'ada', env: () => ({ HOME: netrc() }), url: () => host.url },
    { how: 'the address', user: 'ada', env: () => ({}), url: () => host.url.replace('//', `//ada:${secret}@`) },
  ])('$how lets in, once it is the right one, and is nowhere to be read', async ({ user, env, url }) => {
    host.password = 'another'
    host.asked.length = 0
    const seen = watchProcesses()
    gantry = await Gantry.up({ uid, args: [...following, '--repo', url()], env: env() })
    const running = gantry

    const refused =
      /cannot be read: git fetch of (http:\S+\/remote\.git) failed: .*(Authentication failed|could not read Username).*; give a token or password that may read and write the repository: in ~\/\.netrc, in GANTRY_REPO_TOKEN, or in the address/i
    await running.until('turned away', async () => refused.test((await running.cli('status')).stdout))
    const turnedAway = await running.cli('status')
    expect(refused.exec(turnedAway.stdout)?.[1]).toBe(host.url)
    expect(running.output).toMatch(refused)
    expect(await servedBy(running)).toBeUndefined()

    host.password = secret
    await remote.commit('Soup', menu('soup'))
    await running.until('served', async () => (await servedBy(running)) === 'soup')
    await remote.commit('Fish', menu('fish'))
    await running.until('served the next dish', async () => (await servedBy(running)) === 'fish')
    expect(new Set(host.asked.flatMap(each => each.user ?? []))).toEqual(new Set([user]))

    const warned = /everybody on this machine can read the password in --repo/.test(running.output)
    expect(warned).toBe(url().includes(secret))
    const commands = seen.end()
    expect(commands.filter(words => words.includes('git-remote-http'))).not.toEqual([])
    const log = readFileSync(join(running.data, 'gantry.log'), 'utf8')
    const observed = must(
      await running.run('git', ['--git-dir', join(running.data, 'git/hello.git'), 'log', '--patch', '--all']),
    )
    const status = await running.cli('status')
    for (const text of [...commands, running.output, log, observed.stdout, turnedAway.stdout, status.stdout]) {
      expect(text).not.toContain(secret)
    }
  })
})

/** The command lines of all processes from now on, but for those of `gantry up` itself: what it was given was given openly. */
function watchProcesses(): { end(): readonly string[] } {
  const seen = new Set<string>()
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
      } catch {
        // It ended meanwhile.
      }
    }
  }, 10)
  return {
    end() {
      clearInterval(timer)
      return [...seen].filter(words => !/gantry\.js up /.test(words))
    },
  }
}

/** A key and a certificate that nobody but itself vouches for. PEM. */
async function selfSigned(address: string): Promise<{ key: string; cert: string }> {
  x509.cryptoProvider.set(webcrypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${address}`,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: address }])],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { key: x509.PemConverter.encode(key, 'PRIVATE KEY'), cert: certificate.toString('pem') }
}

describeWith(['root', 'git'], 'a repository behind https', () => {
  let folder: string
  let remote: Remote
  let host: GitHost
  let authority: string
  let gantry: Gantry | undefined
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-tls-'))
    const own = await selfSigned('127.0.0.1')
    chmodSync(folder, 0o755)
    authority = join(folder, 'authority.pem')
    writeFileSync(authority, own.cert)
    remote = await Remote.create({ uid })
    await remote.commit('Soup', menu('soup'))
    host = new GitHost(remote, { uid, tls: own })
    await host.open()
  })
  afterEach(async () => {
    await gantry?.down()
    gantry = undefined
  })
  afterAll(async () => {
    await host.close()
    remote.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  async function follows(env: Readonly<Record<string, string | undefined>>): Promise<Gantry> {
    return await Gantry.up({
      uid,
      args: [...following, '--repo', host.url],
      env: { GANTRY_REPO_TOKEN: secret, ...env },
    })
  }

  test('whose certificate nobody here vouches for is not believed, and never told the token', async () => {
    host.asked.length = 0
    gantry = await follows({ GIT_SSL_CAINFO: undefined })
    const running = gantry
    const distrusted =
      /cannot be read: git fetch of https:\S+ failed: .*certificate.*; where the certificate is right, name the file of its authority: GIT_SSL_CAINFO=FILE gantry up …, or git config --global http\.sslCAInfo FILE/i
    await running.until('distrusting', async () => distrusted.test((await running.cli('status')).stdout))
    expect(host.asked).toEqual([])

    // Trusted by the user's own git, it is trusted by Gantry, without a restart.
    writeFileSync(join(running.folder, '.gitconfig'), `[http]\n\tsslCAInfo = ${authority}\n`)
    await running.until('served', async () => (await servedBy(running)) === 'soup')
  })

  test('is believed where GIT_SSL_CAINFO names its authority', async () => {
    gantry = await follows({ GIT_SSL_CAINFO: authority })
    const running = gantry
    await running.until('served', async () => (await servedBy(running)) === 'soup')
  })
})
