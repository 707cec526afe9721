/** An engine and two nodes on one machine, each a process of its own with a certificate of its own, as an ordinary user. */
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { remoteAccess } from '../../agent/engine-access.ts'
import { expiryOf, readIdentity } from '../../agent/identity/identity.ts'
import { keepRenewed } from '../../agent/identity/renewal.ts'
import type { KubeObject, Node, Pod } from '../../engine/api/types.ts'
import type { AgentMessage, EngineMessage } from '../../engine/protocol/session.ts'
import { describeWith } from '../needs.ts'
import { rawAgent } from '../raw-agent.ts'
import { Agent } from './agent.ts'
import { freePort, Gantry, must } from './gantry.ts'

/** A pod on each node, and a Secret that it alone reads. */
const manifests = ['alpha', 'beta']
  .map(
    name => `apiVersion: v1
kind: Secret
metadata: { name: of-${name} }
stringData: { word: zq7-only-for-${name} }
---
apiVersion: v1
kind: Pod
metadata: { name: on-${name} }
spec:
  runtimeClassName: process
  nodeSelector: { side: ${name} }
  containers:
    - name: main
      command: [sh, -c, 'echo I am on ${name}; exec sleep 100000']
      env: [{ name: WORD, valueFrom: { secretKeyRef: { name: of-${name}, key: word } } }]
`,
  )
  .join('---\n')

describeWith(['root', 'git'], 'machines join', () => {
  let port: number
  let gantry: Gantry
  let alpha: Agent
  let beta: Agent

  const engineLog = (): string => readFileSync(join(gantry.data, 'gantry.log'), 'utf8')
  const podOf = (name: string): Promise<Pod> => gantry.api(`/api/v1/namespaces/default/pods/on-${name}`)
  const nodeOf = (name: string): Promise<Node> => gantry.api(`/api/v1/nodes/${name}`)

  beforeAll(async () => {
    port = await freePort()
    gantry = await Gantry.up({
      uid: 1000,
      command: 'engine',
      // Short enough for every node to renew a few times while the tests run.
      args: ['--agents-listen', `127.0.0.1:${port}`, '--network', 'loopback', '--certificate-lifetime', '20'],
    })
    const side = (name: string) => ({ name, port, uid: 1000, args: ['--label', `side=${name}`] })
    alpha = new Agent(gantry, side('alpha'))
    beta = new Agent(gantry, {
      ...side('beta'),
      args: ['--label', 'side=beta', '--taint', 'beta=only:PreferNoSchedule'],
    })
    await Promise.all([alpha.join(), beta.join()])
    const clone = await gantry.clone()
    await clone.git('rm', '--quiet', 'hello.yaml')
    writeFileSync(join(clone.path, 'pods.yaml'), manifests)
    await clone.git('add', '--all')
    await clone.push('A pod on each node\n\nGantry-Allow: delete')
    await gantry.until('running', async () => {
      const pods = await Promise.all(['alpha', 'beta'].map(podOf))
      return pods.every(({ status }) => status?.phase === 'Running')
    })
  }, 90_000)
  afterAll(async () => {
    await alpha?.down()
    await beta?.down()
    await gantry?.down()
  }, 60_000)

  test('pods run where their nodes are, and their logs come from there', async () => {
    for (const name of ['alpha', 'beta']) {
      expect((await podOf(name)).spec.nodeName).toBe(name)
      expect(must(await gantry.cli('logs', `on-${name}`)).stdout).toBe(`I am on ${name}\n`)
    }
    expect((await nodeOf('beta')).spec.taints).toContainEqual({
      key: 'beta',
      value: 'only',
      effect: 'PreferNoSchedule',
    })
    expect((await nodeOf('alpha')).metadata.labels).toMatchObject({ side: 'alpha', 'kubernetes.io/hostname': 'alpha' })
  })

  test('a node is told its own Secrets, and no others; its key is its own', () => {
    for (const [agent, other] of [
      [alpha, 'beta'],
      [beta, 'alpha'],
    ] as const) {
      const kept = filesBelow(agent.data).filter(file => readFileSync(file).includes(`zq7-only-for-${other}`))
      expect(kept).toEqual([])
      expect(statSync(join(agent.data, 'identity/node.pem')).mode & 0o777).toBe(0o600)
    }
    const key = readFileSync(join(alpha.data, 'identity/node.pem'), 'utf8').split('PRIVATE KEY-----')[1]?.trim() ?? ''
    expect(key.length).toBeGreaterThan(100)
    expect(filesBelow(gantry.data).filter(file => readFileSync(file).includes(key))).toEqual([])
  })

  test('an agent that was killed goes on as its node without a token, and its pods with it', async () => {
    const before = await podOf('alpha')
    await alpha.stop('SIGKILL')
    alpha.start()
    await gantry.until('alpha in session again', async () => alpha.isInSession)
    await sleep(500)
    expect((await podOf('alpha')).status?.containerStatuses).toEqual(before.status?.containerStatuses)
  })

  test('an engine that was killed finds its nodes again: they come back by themselves, and no pod changes', async () => {
    const pods = await Promise.all(['alpha', 'beta'].map(podOf))
    await gantry.stop('SIGKILL')
    for (const agent of [alpha, beta]) {
      await gantry.until('noticed', async () => agent.output.includes('no session with the engine'))
      agent.output = ''
    }
    await gantry.start()
    await gantry.until('both are back', async () => alpha.isInSession && beta.isInSession)
    await sleep(500)
    const again = await Promise.all(['alpha', 'beta'].map(podOf))
    const lives = (all: readonly Pod[]) => all.map(({ metadata, status }) => [metadata.uid, status?.containerStatuses])
    expect(lives(again)).toEqual(lives(pods))
  })

  test('certificates are renewed and the CA is replaced, without a session error and without a pod change', async () => {
    const pods = await Promise.all(['alpha', 'beta'].map(podOf))
    const serials = new Set<string>()
    const noted = engineLog().length
    for (const agent of [alpha, beta]) agent.output = ''
    const seen = async (): Promise<void> => {
      const identity = await readIdentity(join(beta.data, 'identity'))
      serials.add(identity?.certificate ?? '')
    }
    await gantry.until('renewed', async () => {
      await seen()
      return serials.size >= 2
    })
    const shown = must(await gantry.cli('ca', 'rotate'))
      .stdout.trim()
      .split('\n')
    expect(shown).toHaveLength(3)
    expect((await gantry.cli('ca', 'rotate')).stderr).toContain('the CA is being replaced already')
    const trusted = async (): Promise<number> =>
      must(await gantry.cli('ca', 'show'))
        .stdout.trim()
        .split('\n').length - 1
    await gantry.until('one CA', async () => (await trusted()) === 1, 40)
    await seen()
    expect(serials.size).toBeGreaterThanOrEqual(3)
    // What the CLI, git and kubectl go by is of the new CA too.
    const kubeconfig = readFileSync(gantry.kubeconfig, 'utf8')
    const trustedPem = Buffer.from(
      /certificate-authority-data"?: "?([\w+/=]+)/.exec(kubeconfig)?.[1] ?? '',
      'base64',
    ).toString()
    expect(trustedPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(1)
    const log = engineLog().slice(noted)
    expect(log).not.toMatch(/a session ended|was refused/)
    expect([alpha.output, beta.output]).toEqual(['', ''])
    expect(await Promise.all(['alpha', 'beta'].map(podOf))).toEqual(pods)
  }, 90_000)

  const create = async (...flags: readonly string[]): Promise<string> => {
    const { stdout } = must(await gantry.cli('token', 'create', ...flags))
    expect(stdout).toMatch(/^gantry\.[a-z0-9]{8}\.[a-z0-9]{32}(\.[0-9a-f]{64})+\n$/)
    return stdout.trim()
  }

  test.each([
    {
      name: 'a token that was used',
      async token() {
        const token = await create()
        const zeta = new Agent(gantry, { name: 'zeta', port, uid: 1000 })
        zeta.start(token)
        await gantry.until('zeta in session', async () => zeta.isInSession)
        await zeta.down()
        expect(must(await gantry.cli('token', 'list')).stdout).toMatch(/<any> +1\/1 +zeta/)
        return token
      },
      reason: /token \w{8} was used by node zeta at 20/,
    },
    {
      name: 'a token for another node',
      token: () => create('--node', 'delta'),
      reason: /token \w{8} is for node delta, not for gamma/,
    },
    {
      name: 'a revoked token',
      async token() {
        const token = await create()
        const { stdout, stderr } = must(await gantry.cli('token', 'revoke', token))
        expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringContaining('revoked') })
        return token
      },
      reason: /this cluster has no token \w{8}/,
    },
  ])('$name is refused with the reason on both sides', async ({ token, reason }) => {
    const gamma = new Agent(gantry, { name: 'gamma', port, uid: 1000 })
    gamma.start(await token())
    expect(await gamma.ended()).toBe(1)
    expect(gamma.output).toMatch(reason)
    expect(gamma.output).toMatch(/^gantry: the engine at 127\.0\.0\.1:\d+ refuses this node: .*gantry token create\n$/)
    expect(engineLog()).toMatch(reason)
  })

  test('a machine that does not fit the cluster keeps its token', async () => {
    const token = must(await gantry.cli('token', 'create', '--node', 'misfit')).stdout.trim()
    const misfit = new Agent(gantry, { name: 'misfit', port })
    misfit.start(token)
    expect(await misfit.ended()).toBe(1)
    expect(misfit.output).toContain('this cluster has a loopback network, for agents that run as an ordinary user')
    expect(must(await gantry.cli('token', 'list')).stdout).toMatch(/ misfit +0\/1 +<none> /)
  })

  test('a node that is away is removed for good; one that is in session is not', async () => {
    const gamma = new Agent(gantry, { name: 'gamma', port, uid: 1000 })
    await gamma.join()
    const early = await gantry.cli('node', 'remove', 'gamma')
    expect(early.code).toBe(1)
    expect(early.stderr).toContain(
      'node gamma is in session; run gantry node drain gamma, then gantry down on that machine',
    )
    await gamma.stop()
    await gantry.until('removed', async () => (await gantry.cli('node', 'remove', 'gamma')).code === 0)
    expect((await gantry.cli('node', 'remove', 'gamma')).stderr).toContain('there is no node gamma')
    gamma.start()
    await gantry.until('refused', async () => gamma.output.includes('the certificate of node gamma was revoked at 20'))
    await gamma.down()
  })

  test('whoever steals a certificate gets no second session, and no more than the node had', async () => {
    const folder = join(gantry.folder, 'stolen')
    cpSync(join(alpha.data, 'identity'), folder, { recursive: true })
    const identity = await readIdentity(folder)
    if (identity === undefined) throw new Error('nothing was stolen')
    const thief = () => rawAgent(remoteAccess(keepRenewed({ folder, identity, onError: () => {} })).dial, 'alpha')

    const second = thief()
    await gantry.until('refused', async () => second.heard.some(({ type }) => type === 'refused'))
    expect(second.heard).toMatchObject([
      { type: 'refused', reason: /^node alpha is connected already, from 127\.0\.0\.1:\d+$/ },
    ])
    second.close()

    await alpha.stop()
    const first = thief()
    await gantry.until('told', async () => first.heard.some(({ type }) => type === 'assign'))
    const told = first.heard.flatMap((message: EngineMessage): readonly KubeObject[] =>
      message.type === 'assign' ? message.delta.put : [],
    )
    expect(told.flatMap(({ kind, metadata }) => (/Pod|Secret/.test(kind) ? [metadata.name] : [])).sort()).toEqual([
      'of-alpha',
      'on-alpha',
    ])
    expect(JSON.stringify(told)).not.toContain('zq7-only-for-beta')

    const victim = await podOf('beta')
    const { uid = '' } = victim.metadata
    const target = { uid, namespace: 'default', name: 'on-beta' }
    const lies: readonly AgentMessage[] = [
      { type: 'report', pods: [{ ...target, status: { phase: 'Failed' } }] },
      { type: 'report', pods: [{ ...target, gone: true }] },
      {
        type: 'events',
        events: [{ ref: { kind: 'Pod', key: 'default/on-beta' }, type: 'Warning', reason: 'Lie', message: 'zq7-lie' }],
      },
      {
        type: 'node',
        node: {
          name: 'beta',
          labels: { side: 'beta', 'node-role.kubernetes.io/control-plane': '' },
          taints: [],
          status: {},
        },
      },
    ]
    for (const lie of lies) first.send(lie)
    await gantry.until('noticed', async () => engineLog().includes('a node speaks of what is not its own'))
    await sleep(300)
    expect(await podOf('beta')).toEqual(victim)
    expect(JSON.stringify(await gantry.api('/api/v1/namespaces/default/events'))).not.toContain('zq7-lie')
    expect((await nodeOf('beta')).metadata.labels).toMatchObject({ side: 'beta' })
    expect((await nodeOf('alpha')).metadata.labels).not.toHaveProperty('node-role.kubernetes.io/control-plane')
    first.close()
    alpha.start()
    await gantry.until('alpha is back', async () => alpha.isInSession)
  })

  test('a revoked node is cut off at once, keeps its pods, and is let in again by a token of its own', async () => {
    expect((await gantry.cli('node', 'revoke', 'nobody')).stderr).toContain('there is no node nobody')
    must(await gantry.cli('node', 'revoke', 'beta'))
    await gantry.until('told', async () => beta.output.includes('the certificate of node beta is revoked'))
    expect(engineLog()).toContain('the certificate of node beta is revoked')
    await beta.stop()
    beta.start()
    await gantry.until('refused again', async () =>
      beta.output.includes('the certificate of node beta was revoked at 20'),
    )
    await beta.stop()
    const { stdout } = must(await gantry.cli('token', 'create', '--node', 'beta'))
    // Its certificate is replaced where a token is given and the old one no longer counts.
    beta.start(stdout.trim())
    await gantry.until('beta is back', async () => beta.isInSession)
  })

  test('a node that was off for longer than its certificate is good for says so, keeps its pods, and joins again by a token', async () => {
    const before = await podOf('beta')
    await beta.stop()
    const identity = await readIdentity(join(beta.data, 'identity'))
    await sleep(Math.max(0, (identity === undefined ? 0 : expiryOf(identity)) - Date.now()) + 100)
    beta.start()
    await gantry.until('told', async () => beta.output.includes('the certificate of node beta expired at 20'))
    expect(beta.output).toContain('the certificate of node beta has expired: join again')
    expect(engineLog()).toContain('the certificate of node beta expired at 20')
    await beta.stop()
    await beta.join()
    await gantry.until('reported', async () => {
      const { metadata, status } = await podOf('beta')
      return (
        metadata.uid === before.metadata.uid &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
      )
    })
    expect((await podOf('beta')).status?.containerStatuses).toEqual(before.status?.containerStatuses)
  }, 60_000)
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap(entry =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

describeWith(['git'], "an engine's machine that is a node too", () => {
  test('has the labels and taints that it was given, and tells of the pods of others when it goes down', async () => {
    const port = await freePort()
    const flags = ['--label', 'side=own', '--taint', 'own=only:PreferNoSchedule', '--system-reserved', 'cpu=100m']
    const user = process.getuid?.() === 0 ? { uid: 1000 } : {}
    const gantry = await Gantry.up({
      ...user,
      args: ['--runtime', 'process', '--agents-listen', `127.0.0.1:${port}`, ...flags],
    })
    const other = new Agent(gantry, { name: 'other', port, ...user })
    try {
      await other.join()
      const { metadata, spec, status } = await gantry.api<Node>(`/api/v1/nodes/${hostname().toLowerCase()}`)
      expect(metadata.labels).toMatchObject({ side: 'own' })
      expect(spec.taints).toEqual([{ key: 'own', value: 'only', effect: 'PreferNoSchedule' }])
      expect(status?.allocatable?.['cpu']).not.toBe(status?.capacity?.['cpu'])
      expect(must(await gantry.cli('down', '--data', gantry.data)).stdout).toContain(
        'gantry: the pods of other nodes keep running (other); gantry down on those machines stops them\n',
      )
    } finally {
      await other.down()
      await gantry.down()
    }
  })
})
