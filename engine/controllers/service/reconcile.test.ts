import { expect, test } from 'vitest'
import type { Service, ServicePort, ServiceSpec } from '../../api/types.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { serviceObject } from '../../cluster/objects/objects.fixture.ts'
import type { Env } from '../../cluster/view.ts'
import { reconcileService } from './reconcile.ts'

const env: Env = { now: Date.UTC(2026, 10, 20), newId: () => 'uid', random: () => 0 }
const options = { serviceCIDR: '10.96.0.0/29', nodePorts: { from: 30000, to: 30001 } }
const port: ServicePort = { port: 80, targetPort: 8080, protocol: 'TCP' }

/** The Service `web` after it was seen to, beside others that were before. */
function settle({
  spec,
  others = [],
}: {
  spec: Partial<ServiceSpec>
  others?: readonly Service[]
}): Service | undefined {
  const cluster = new Cluster({ startVersion: 0 })
  const put = (object: Service) => cluster.apply([{ kind: 'put', object }], env)
  for (const other of others) put({ ...other, status: { loadBalancer: {} } })
  put(serviceObject('web', { ports: [port], ...spec }))
  cluster.apply(reconcileService(cluster, 'shop/web', { env, options }).changes, env)
  return cluster.get('Service', 'shop/web')
}

const holder = (name: string, spec: Partial<ServiceSpec>) => serviceObject(name, { ports: [port], ...spec })

test.each<{
  name: string
  spec: Partial<ServiceSpec>
  others?: readonly Service[]
  clusterIP?: string
  nodePort?: number
  problem?: string
}>([
  { name: 'an address that is asked for', spec: { clusterIP: '10.96.0.4' }, clusterIP: '10.96.0.4' },
  {
    name: 'the last free address',
    spec: {},
    others: [2, 3, 5, 6].map(n => holder(`s${n}`, { clusterIP: `10.96.0.${n}` })),
    clusterIP: '10.96.0.4',
  },
  {
    name: 'no address left',
    spec: {},
    others: [2, 3, 4, 5, 6].map(n => holder(`s${n}`, { clusterIP: `10.96.0.${n}` })),
    problem: 'no address is free in the service range 10.96.0.0/29; remove Services you do not need',
  },
  {
    name: 'an address of another',
    spec: { clusterIP: '10.96.0.4' },
    others: [holder('api', { clusterIP: '10.96.0.4' })],
    problem: 'clusterIP 10.96.0.4 belongs to Service shop/api already; choose another, or leave clusterIP out',
  },
  {
    name: 'an address outside the range',
    spec: { clusterIP: '10.0.0.1' },
    problem: 'clusterIP 10.0.0.1 is not in the service range 10.96.0.0/29; choose one that is, or leave clusterIP out',
  },
  { name: 'headless', spec: { clusterIP: 'None' }, clusterIP: 'None' },
  {
    name: 'ExternalName gives its address back',
    spec: { type: 'ExternalName', clusterIP: '10.96.0.4', externalName: 'example.org' },
  },
  {
    name: 'a node port that is asked for',
    spec: { type: 'NodePort', clusterIP: '10.96.0.4', ports: [{ ...port, nodePort: 30001 }] },
    clusterIP: '10.96.0.4',
    nodePort: 30001,
  },
  {
    name: 'the last free node port',
    spec: { type: 'NodePort', clusterIP: '10.96.0.4' },
    others: [holder('api', { type: 'NodePort', ports: [{ ...port, nodePort: 30000 }] })],
    clusterIP: '10.96.0.4',
    nodePort: 30001,
  },
  {
    name: 'a node port of another',
    spec: { type: 'NodePort', clusterIP: '10.96.0.4', ports: [{ ...port, nodePort: 30000 }] },
    others: [holder('api', { type: 'NodePort', ports: [{ ...port, nodePort: 30000 }] })],
    clusterIP: '10.96.0.4',
    problem: 'nodePort 30000 belongs to Service shop/api already; choose another, or leave nodePort out',
  },
  {
    name: 'ClusterIP gives its node port back',
    spec: { clusterIP: '10.96.0.4', ports: [{ ...port, nodePort: 30000 }] },
    clusterIP: '10.96.0.4',
  },
])('$name', ({ spec, others = [], clusterIP, nodePort, problem }) => {
  const service = settle({ spec, others })
  expect({
    clusterIP: service?.spec.clusterIP,
    clusterIPs: service?.spec.clusterIPs,
    nodePort: service?.spec.ports?.[0]?.nodePort,
    problem: service?.status?.conditions?.[0]?.message,
  }).toEqual({ clusterIP, clusterIPs: clusterIP === undefined ? undefined : [clusterIP], nodePort, problem })
})

test('what was refused stays refused, without another word', () => {
  const cluster = new Cluster({ startVersion: 0 })
  const web = serviceObject('web', { ports: [port], clusterIP: '10.0.0.1' })
  cluster.apply([{ kind: 'put', object: web }], env)
  const decide = () => cluster.apply(reconcileService(cluster, 'shop/web', { env, options }).changes, env)
  decide()
  expect(decide()).toEqual([])
  expect(cluster.get('Service', 'shop/web')?.spec.clusterIP).toBeUndefined()
})
