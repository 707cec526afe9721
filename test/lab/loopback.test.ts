/** Nodes without root: each serves and uses only what is on it, and says so. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { ask } from './ask.ts'
import { Lab } from './lab.ts'

const nodePort = 30_091

function manifests(): Record<string, string> {
  const pods = ['a', 'b'].map(node => {
    const program = `require('net').createServer(s => s.end('${node}')).listen(8080, process.env.POD_IP)`
    const command = [process.execPath, '-e', program]
    const container = {
      name: 'main',
      image: 'none',
      command,
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    }
    const where = { nodeSelector: { 'kubernetes.io/hostname': node }, runtimeClassName: 'process' }
    const spec = { ...where, terminationGracePeriodSeconds: 0, containers: [container] }
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name: node, labels: { app: 'web' } }, spec }
  })
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 8080, nodePort }] },
  }
  return { 'web.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...pods, service] }) }
}

interface PodView {
  readonly spec: { readonly nodeName: string }
  readonly status: { readonly podIP: string }
}

describeWith(['root', 'ip', 'git'], 'nodes without root', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.start({ nodes: { a: 'process', b: 'process' }, network: 'loopback', files: manifests() })
    await lab.until('both pods Ready', async () => {
      const words = await lab.engine.gantry('get', 'pods')
      return words.match(/1\/1/g)?.length === 2
    })
  })
  afterAll(() => lab?.stop())

  test('a Service sends connections only to what is on the node that it is asked on', async () => {
    // What one node calls by an address of 127.0.0.0/8 is anything on another: here, a program that is not meant.
    const { items } = await lab.engine.api<{ items: PodView[] }>('/api/v1/namespaces/default/pods')
    for (const {
      spec: { nodeName },
      status,
    } of items) {
      const other = lab.node(nodeName === 'a' ? 'b' : 'a').machine
      const program = `require('net').createServer(s => s.end('somebody else')).listen(8080, '${status.podIP}')`
      other.start('somebody-else', [process.execPath, '-e', program])
      await lab.until('listening', async () => (await ask(other, status.podIP, 8080)) === 'somebody else')
    }
    const { spec } = await lab.engine.api<{ spec: { clusterIP: string } }>('/api/v1/namespaces/default/services/web')
    for (const node of ['a', 'b']) {
      await lab.until(
        `served on ${node}`,
        async () => (await ask(lab.node(node).machine, spec.clusterIP, 8080)) === node,
      )
      const answers = new Set<string>()
      for (let count = 0; count < 10; count++) {
        answers.add(await ask(lab.node(node).machine, spec.clusterIP, 8080))
        answers.add(await ask(lab.engine.machine, lab.node(node).address, nodePort))
      }
      expect([...answers]).toEqual([node])
    }
  })

  test('the Node object says so, with the cure', async () => {
    const conditions = (await lab.engine.nodes()).map(({ metadata, status }) => {
      const found = status.conditions.find(({ type }) => type === 'gantry.dev/ReachesOtherNodes')
      return { name: metadata.name, status: found?.status, cure: found?.message.includes('agents that run as root') }
    })
    expect(conditions).toEqual(['a', 'b'].map(name => ({ name, status: 'False', cure: true })))
  })
})
