import { expect, test } from 'vitest'
import type { ClusterPolicy } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'
import { judgeBy } from './policy.ts'

interface Given {
  readonly kind?: string
  readonly apiVersion?: string
  readonly container?: object
  readonly pod?: object
  readonly init?: object
  readonly exempt?: string
}

/** A Deployment that every rule of the starter set is content with, but for what is given. */
function workload({ kind = 'Deployment', apiVersion = 'apps/v1', container, pod, init, exempt }: Given): KubeObject {
  const probe = { tcpSocket: { port: 80 } }
  const spec = {
    restartPolicy: 'Always',
    containers: [
      {
        name: 'web',
        image: 'ghcr.io/acme/web:1',
        resources: { limits: { cpu: '1', memory: '64Mi' } },
        readinessProbe: probe,
        livenessProbe: probe,
        ...container,
      },
    ],
    ...(init === undefined ? {} : { initContainers: [{ name: 'init', image: 'ghcr.io/acme/init:1', ...init }] }),
    ...pod,
  }
  const template = { spec }
  const job = { template }
  const specs: Readonly<Record<string, unknown>> = { Pod: spec, CronJob: { jobTemplate: { spec: job } } }
  return {
    apiVersion,
    kind,
    metadata: {
      name: 'web',
      namespace: 'default',
      ...(exempt === undefined ? {} : { annotations: { 'gantry.dev/policy-exempt': exempt } }),
    },
    spec: specs[kind] ?? job,
  }
}

const policy: ClusterPolicy = {
  starter: {
    'no-latest-tag': 'error',
    'limits-set': 'error',
    'probes-set': 'error',
    'no-privileged': 'error',
    'no-host-access': 'error',
    'allowed-registries': 'warning',
  },
  registries: ['ghcr.io/acme', 'docker.io/library/redis'],
  rules: [],
}

const at = 'spec.template.spec'
const unversioned = (image: string) => `${at}.containers[0].image does not say which version is meant: ${image}`
const foreign = (repository: string) =>
  `${at}.containers[0].image comes from ${repository}, which is not among the allowed registries`

test.each<{ name: string; given: Given; found: string[] }>([
  { name: 'what is in order', given: {}, found: [] },
  {
    name: 'no tag',
    given: { container: { image: 'ghcr.io/acme/web' } },
    found: [`${unversioned('ghcr.io/acme/web')} (policy no-latest-tag)`],
  },
  {
    name: 'latest, from a registry with a port',
    given: { container: { image: 'localhost:5000/web:latest' } },
    found: [
      `${unversioned('localhost:5000/web:latest')} (policy no-latest-tag)`,
      `${foreign('localhost:5000/web')} (policy allowed-registries)`,
    ],
  },
  { name: 'a digest', given: { container: { image: `ghcr.io/acme/web@sha256:${'0'.repeat(64)}` } }, found: [] },
  { name: 'the short name of an allowed image', given: { container: { image: 'redis:7' } }, found: [] },
  {
    name: 'a short name',
    given: { container: { image: 'acme/web:1' } },
    found: [`${foreign('docker.io/acme/web')} (policy allowed-registries)`],
  },
  {
    name: 'a registry whose name only begins as an allowed one',
    given: { container: { image: 'ghcr.io/acme-evil/web:1' } },
    found: [`${foreign('ghcr.io/acme-evil/web')} (policy allowed-registries)`],
  },
  {
    name: 'no limits',
    given: { container: { resources: {} } },
    found: [`${at}.containers[0].resources.limits has no cpu and no memory (policy limits-set)`],
  },
  {
    name: 'no probes',
    given: { container: { readinessProbe: undefined, livenessProbe: undefined } },
    found: [
      `${at}.containers[0].readinessProbe is missing (policy probes-set)`,
      `${at}.containers[0].livenessProbe is missing (policy probes-set)`,
    ],
  },
  {
    name: 'no probes where the pod ends',
    given: {
      kind: 'CronJob',
      apiVersion: 'batch/v1',
      pod: { restartPolicy: 'Never' },
      container: { readinessProbe: undefined },
    },
    found: [],
  },
  {
    name: 'privileges, before the others',
    given: { kind: 'Pod', apiVersion: 'v1', init: { securityContext: { privileged: true } } },
    found: ['spec.initContainers[0].securityContext.privileged is true (policy no-privileged)'],
  },
  {
    name: 'the network and the files of the node',
    given: { pod: { hostNetwork: true, hostPID: false, volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
    found: [
      `${at}.hostNetwork is true (policy no-host-access)`,
      `${at}.volumes[0].hostPath opens the files of the node (policy no-host-access)`,
    ],
  },
  {
    name: 'a process of the node, whose image is not pulled and whose limits do not hold',
    given: { pod: { runtimeClassName: 'process' }, container: { image: 'x', resources: {} } },
    found: [],
  },
  {
    name: 'another kind of that name',
    given: { apiVersion: 'example.com/v1', container: { image: 'x' } },
    found: [],
  },
  {
    name: 'exemptions, one of them misspelt',
    given: { container: { image: 'x', resources: {} }, exempt: 'no-latest-tag, allowed-registries,limit-set' },
    found: [
      `${at}.containers[0].resources.limits has no cpu and no memory (policy limits-set)`,
      'metadata.annotations["gantry.dev/policy-exempt"] names "limit-set", which is no rule of gantry.yaml',
    ],
  },
])('$name', ({ given, found }) => expect(judgeBy(policy)(workload(given)).map(({ message }) => message)).toEqual(found))

test('only rules that are switched on are asked, and each is as severe as it was switched on', () => {
  const judge = judgeBy({ ...policy, starter: { 'no-latest-tag': 'warning' } })
  expect(judge(workload({ container: { image: 'x' } }))).toEqual([
    {
      path: ['spec', 'template', 'spec', 'containers', 0, 'image'],
      message: `${unversioned('x')} (policy no-latest-tag)`,
      remedy: 'name a tag other than latest, or a digest',
      severity: 'warning',
      policy: 'no-latest-tag',
    },
  ])
})

test("a rule sees a Secret's keys and none of its values", () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: 'aHVudGVyMg==' },
    stringData: { token: 'hunter2' },
  }
  const expression = 'size(object.data) + size(object.stringData) == 0'
  const messageExpression = '"[" + object.data.password + object.stringData.token + "]"'
  const judge = judgeBy({
    ...policy,
    rules: [
      {
        name: 'tell',
        validations: [{ expression, messageExpression }],
        schema: { properties: { data: { maxProperties: 0 } } },
      },
    ],
  })
  expect(judge(secret).map(({ message }) => message)).toEqual([
    '[] (policy tell)',
    'data must NOT have more than 0 properties (policy tell)',
  ])
})
