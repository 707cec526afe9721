/** What can be wrong with the repository that is followed: a clear message, what runs goes on, and all is well afterwards. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask } from './poll.ts'
import { GitHost, Remote, helloAt, someNodePort } from './remote.ts'

const uid = 1000
const following = ['--runtime', 'process', '--interval', '1']

/** Billions of a's in a few lines. */
const bomb = [
  'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\ndata:\n  a: &a [a, a, a, a, a, a, a, a, a, a]\n',
  ...Array.from({ length: 9 }, (_, n) => {
    const [before, name] = ['abcdefghij'[n], 'abcdefghij'[n + 1]]
    return `  ${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]\n`
  }),
].join('')
const latin1 = Buffer.from(
  'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: menu }\ndata: { a: caf\xe9 }\n',
  'latin1',
)
const huge = Buffer.alloc(
  100 * 1024 * 1024,
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: huge\ndata:\n  a: b\n---\n',
)

interface Followed {
  readonly remote: Remote
  readonly host: GitHost
  readonly gantry: Gantry
}

async function follow(): Promise<Followed> {
  const remote = await Remote.create({ uid })
  const host = new GitHost(remote, { uid })
  await host.open()
  return { remote, host, gantry: await Gantry.up({ uid, args: [...following, '--repo', host.urlWithPassword] }) }
}

describeWith(['root', 'git'], 'a repository elsewhere', () => {
  const nodePort = someNodePort()
  const hello = `http://127.0.0.1:${nodePort}/`
  const patientPort = nodePort === 30_100 ? 30_101 : nodePort - 1
  const patientHello = `http://127.0.0.1:${patientPort}/`
  const good = (version: string) => ({ 'hello.yaml': helloAt(nodePort, version) })
  let remote: Remote
  let host: GitHost
  let gantry: Gantry
  /** One whose server hangs from the beginning, because git gives up only after half a minute. */
  let patient: Followed
  beforeAll(async () => {
    patient = await follow()
    await patient.remote.commit('Say hello', { 'hello.yaml': helloAt(patientPort) })
    await patient.gantry.until('answering', async () => (await ask(patientHello)).includes('version 1'))
    patient.host.conduct = 'hang'
    ;({ remote, host, gantry } = await follow())
  })
  afterAll(async () => {
    for (const each of [patient, { remote, host, gantry }]) {
      await each?.gantry?.down()
      await each?.host?.close()
      each?.remote?.remove()
    }
  })

  /** Waits until both the console and `gantry status` say it. */
  async function said(what: RegExp, { since = 0, seconds = 15 } = {}): Promise<void> {
    await gantry.until(`saying ${what}`, async () => what.test(gantry.output.slice(since)), seconds)
    await gantry.until(`in status: ${what}`, async () => what.test((await gantry.cli('status')).stdout), 5)
  }

  async function runs(version: string): Promise<void> {
    await gantry.until(
      `version ${version}`,
      async () => (await ask(hello)) === `Hello from Gantry, version ${version}\n`,
    )
  }

  /** The fault is told, the pods go on with `version`; once it is mended the next commit runs, without a restart. */
  async function survives(fault: {
    says: RegExp
    version: string
    seconds?: number
    mend: () => Promise<unknown>
  }): Promise<void> {
    await gantry.until('settled', async () => (await pods()).length === 2)
    const before = await pods()
    await said(fault.says, { ...(fault.seconds === undefined ? {} : { seconds: fault.seconds }) })
    expect(await ask(hello)).toBe(`Hello from Gantry, version ${fault.version}\n`)
    expect(await pods()).toEqual(before)
    await fault.mend()
    await gantry.until('mended', async () => !/✖/.test((await gantry.cli('status')).stdout), 20)
  }

  async function pods(): Promise<string[]> {
    interface Pod {
      metadata: { uid: string }
      status: { containerStatuses: { containerID: string }[] }
    }
    const { items } = await gantry.api<{ items: Pod[] }>('/api/v1/pods')
    return items
      .map(
        ({ metadata, status }) => `${metadata.uid} ${status.containerStatuses.map(each => each.containerID).join(' ')}`,
      )
      .sort()
  }

  test('that is empty is waited for', async () => {
    await said(/cannot be read: http:\S+\/remote\.git has no branch main: it is empty; push a first commit to main/i)
    const since = gantry.output.length
    await remote.commit('Say hello', good('1'))
    await runs('1')
    expect(gantry.output.slice(since)).toMatch(/the source can be read again\n.*applied: Say hello/)
    expect((await gantry.cli('status')).stdout).not.toMatch(/✖/)
  })

  test('its password is nowhere to be read', async () => {
    const { stdout } = await gantry.cli('status')
    const log = await gantry.run('cat', [join(gantry.data, 'gantry.log')])
    for (const text of [gantry.output, stdout, log.stdout]) expect(text).not.toContain(host.password)
  })

  test('a commit with mistakes is rejected as a push would be', async () => {
    const bad = helloAt(nodePort, '2').replace('replicas: 2', 'replicas: three').replace('env:', 'envv:')
    await remote.commit('A mistake', { 'hello.yaml': bad })
    await survives({
      says: /hello\.yaml:15:13: error: spec\.replicas must be a whole number, not "three"; write replicas: 3/,
      version: '1',
      mend: () => remote.commit('Mended', good('2')),
    })
    expect(gantry.output).toMatch(/\b[0-9a-f]{7} is rejected, [0-9a-f]{7} stays applied: A mistake\n/)
    expect(gantry.output).toMatch(
      /hello\.yaml:\d+:\d+: error: .*envv is not a field of a Container; did you mean env\?/,
    )
    await runs('2')
    expect((await gantry.cli('history')).stdout).toMatch(/ago +rejected +- .* A mistake\n/)
  })

  test.each([
    { name: 'a bomb of aliases', file: bomb, says: /bad\.yaml:\d+:\d+: error: .*alias.*; / },
    { name: 'not UTF-8', file: latin1, says: /bad\.yaml:4:\d+: error: .*UTF-8.*; / },
    { name: '100 MB of YAML', file: huge, says: /bad\.yaml(:\d+:\d+)?: error: .*(100 MB|large|big|MiB).*; / },
  ])('a file that is $name', { timeout: 60_000 }, async ({ name, file, says }) => {
    await remote.commit(`Add ${name}`, { ...good('3'), 'bad.yaml': file })
    await survives({ says, version: '2', seconds: 40, mend: () => remote.commit('Without it', good('2')) })
  })

  test('a branch that vanishes', async () => {
    await remote.bare('branch', '--move', 'main', 'trunk')
    await survives({
      says: /cannot be read: \S+ has no branch main: it has trunk; push the branch, or follow another one/i,
      version: '2',
      mend: () => remote.bare('branch', '--move', 'trunk', 'main'),
    })
  })

  test('a history that is replaced: what would be deleted waits for a word', async () => {
    await remote.git('checkout', '--quiet', '--orphan', `another-${Date.now()}`)
    await remote.commit('Another history', {
      'other.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n',
    })
    await survives({
      says: /the branch was rewritten, and would now remove 3 objects; if that is meant, .*Gantry-Allow: delete/,
      version: '2',
      // A history without deletions is applied as it is.
      mend: () => remote.commit('Third history', good('3')),
    })
    await runs('3')
  })

  test('everything removed waits for a word', async () => {
    await remote.commit('Tidy up', {})
    await survives({
      says: /this commit leaves nothing: it would remove all 3 objects; if that is meant/,
      version: '3',
      mend: () => remote.commit('As before', good('3')),
    })
  })

  test.each([
    {
      conduct: 'answer 500',
      says: /git fetch of http:\S+ failed: .*500.*; nothing needs to be done here: it is tried again/,
    },
    { conduct: 'send half a pack', says: /git fetch of http:\S+ failed: .*; the answer broke off: check the network/ },
  ] as const)('a server that would $conduct', async ({ conduct, says }) => {
    host.conduct = conduct
    await remote.commit(`While servers ${conduct}`, good('4'))
    await survives({
      says,
      version: '3',
      async mend() {
        host.conduct = 'serve'
        await runs('4')
        await remote.commit('Back to 3', good('3'))
        await runs('3')
      },
    })
  })

  test('a server that is away and comes back, with another password', async () => {
    await host.close()
    await survives({
      says: /git fetch of http:\S+ failed: .*(refused|connect).*; check the network and the address; it is tried again/i,
      version: '3',
      mend: () => host.open(),
    })
    host.password = 'another'
    await survives({
      says: /failed: .*Authentication failed.*; give a token or password .* GANTRY_REPO_TOKEN/,
      version: '3',
      async mend() {
        host.password = 'pa55-w0rd'
      },
    })
  })

  test('a push to here is refused: nobody follows it', async () => {
    const clone = await gantry.clone()
    await clone.git('commit', '--quiet', '--allow-empty', '--message', 'To the wrong place')
    const push = await clone.tryGit('push')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toMatch(/remote: refused: this cluster follows http:\S+\/remote\.git, .*\n.*Push there instead/)
  })

  test('a server that hangs is given up, and Gantry can be stopped meanwhile', { timeout: 60_000 }, async () => {
    const says = /git fetch of http:\S+ failed: .*(no sign of life for 30 s|too slow).*;/i
    const other = patient.gantry
    await other.until('giving up', async () => says.test((await other.cli('status')).stdout), 45)
    expect(other.output).toMatch(says)
    const before = performance.now()
    expect(await other.stop()).toBe(0)
    expect(performance.now() - before).toBeLessThan(6_000)
    expect(await ask(patientHello)).toBe('Hello from Gantry, version 1\n')
    patient.host.conduct = 'serve'
    await other.start()
    await patient.remote.commit('Version 2', { 'hello.yaml': helloAt(patientPort, '2') })
    await other.until('answering', async () => (await ask(patientHello)).includes('version 2'))
  })
})

describeWith(['root', 'git'], 'a push', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    const nodePort = someNodePort()
    gantry = await Gantry.up({ uid, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
    writeFileSync(join(clone.path, 'hello.yaml'), helloAt(nodePort))
    await clone.push('An address of its own')
    await gantry.until('healthy', async () => /● Healthy/.test((await gantry.cli('status')).stdout))
  })
  afterAll(async () => {
    await gantry?.down()
  })

  test.each([
    { name: 'a bomb of aliases', file: bomb, says: /remote: bad\.yaml:\d+:\d+: error: .*alias.*; / },
    { name: 'a file that is not UTF-8', file: latin1, says: /remote: bad\.yaml:4:\d+: error: .*UTF-8.*; / },
    { name: '100 MB of YAML', file: huge, says: /remote: bad\.yaml.*error: .*; / },
  ])('with $name is refused on the terminal', { timeout: 60_000 }, async ({ file, says }) => {
    const before = await gantry.api<object>('/apis/apps/v1/deployments')
    writeFileSync(join(clone.path, 'bad.yaml'), file)
    await clone.git('add', '--all')
    await clone.git('commit', '--quiet', '--message', 'Bad')
    const push = await clone.tryGit('push')
    await clone.git('reset', '--quiet', '--hard', 'HEAD~1')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toMatch(says)
    expect(push.stderr).toMatch(/remote: [0-9a-f]{7} is rejected: nothing was changed/)
    expect((await gantry.api<{ items: object[] }>('/apis/apps/v1/deployments')).items).toEqual(
      (before as { items: object[] }).items,
    )
  })
})
