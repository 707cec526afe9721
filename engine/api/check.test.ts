import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkObject } from './check.ts'
import type { Problem } from './problem.ts'
import { type FieldPath, fieldText } from './report.ts'

/** Every place is told as its path, so that a case shows what the author would see. */
const locate = (path: FieldPath, target: 'key' | 'value') => ({
  file: `${target} ${fieldText(path)}`,
  line: 1,
  column: 1,
})
const options = { locate, defaultNamespace: 'default' }

function summary({ severity, file, message, remedy }: Problem): string[] {
  return [severity, file, message, remedy ?? '']
}

function problemsOf(value: unknown): string[][] {
  return checkObject(value, options).problems.map(summary)
}

const container = { name: 'web', image: 'web:1' }

function deployment(spec: object = {}, pod: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container], ...pod } },
      ...spec,
    },
  }
}

function service(spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec }
}

const pod = 'spec.template.spec'
const first = `${pod}.containers[0]`
const ignoreIt = 'set the annotation gantry.dev/ignore: "true" to leave it out'

describe('what is not an object that Kubernetes knows', () => {
  test.each<{ name: string; value: unknown; expected: string[] }>([
    {
      name: 'null',
      value: null,
      expected: ['error', 'value ', 'the manifest must be an object with apiVersion, kind and metadata, not null', ''],
    },
    {
      name: 'a list',
      value: [],
      expected: [
        'error',
        'value ',
        'the manifest must be an object with apiVersion, kind and metadata, not a list',
        '',
      ],
    },
    {
      name: 'text',
      value: 'hi',
      expected: ['error', 'value ', 'the manifest must be an object with apiVersion, kind and metadata, not "hi"', ''],
    },
    {
      name: 'no kind',
      value: { apiVersion: 'v1' },
      expected: ['error', 'value ', 'kind is required', 'add it, as in kind: Deployment'],
    },
    {
      name: 'a former group',
      value: { apiVersion: 'extensions/v1beta1', kind: 'Deployment', metadata: { name: 'web' } },
      expected: [
        'error',
        'value apiVersion',
        'apiVersion is "extensions/v1beta1", which Kubernetes does not have',
        'write apiVersion: apps/v1',
      ],
    },
    {
      name: 'a former version',
      value: { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata: { name: 'web' } },
      expected: [
        'error',
        'value apiVersion',
        'apiVersion is "policy/v1beta1", where Kubernetes has no kind PodDisruptionBudget',
        'write apiVersion: policy/v1',
      ],
    },
    {
      name: 'a kind of another group',
      value: { apiVersion: 'v1', kind: 'Deployment', metadata: { name: 'web' } },
      expected: [
        'error',
        'value apiVersion',
        'apiVersion is "v1", where Kubernetes has no kind Deployment',
        'write apiVersion: apps/v1',
      ],
    },
    {
      name: 'a misspelt group',
      value: { apiVersion: 'app/v1', kind: 'Deployment', metadata: { name: 'web' } },
      expected: [
        'error',
        'value apiVersion',
        'apiVersion is "app/v1", which Kubernetes does not have',
        'write apiVersion: apps/v1',
      ],
    },
    {
      name: 'a misspelt kind',
      value: { apiVersion: 'apps/v1', kind: 'Deploymnet', metadata: { name: 'web' } },
      expected: [
        'error',
        'value kind',
        'kind is "Deploymnet", which Kubernetes does not have in apps/v1',
        'did you mean Deployment?',
      ],
    },
    {
      name: 'a misspelt group with a dot',
      value: { apiVersion: 'networking.k8s.oi/v1', kind: 'Ingress', metadata: { name: 'web' } },
      expected: [
        'error',
        'value apiVersion',
        'apiVersion is "networking.k8s.oi/v1", which Kubernetes does not have',
        'write apiVersion: networking.k8s.io/v1',
      ],
    },
  ])('$name', ({ value, expected }) => {
    expect(problemsOf(value)).toEqual([expected])
  })
})

describe('what becomes of a kind', () => {
  test('what Gantry does not run yet is refused, with the annotation that leaves it out', () => {
    const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' } }
    expect(problemsOf(set)).toEqual([
      ['error', 'value kind', 'kind StatefulSet is not supported by Gantry yet: its pods would never start', ignoreIt],
    ])
    const ignored = { ...set, metadata: { name: 'db', annotations: { 'gantry.dev/ignore': 'true' } } }
    expect(checkObject(ignored, options)).toEqual({ problems: [], disposition: 'ignored' })
  })

  test('the annotation needs its quotes', () => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'a', annotations: { 'gantry.dev/ignore': true } },
    }
    const place = 'metadata.annotations["gantry.dev/ignore"]'
    expect(problemsOf(job)).toEqual([
      [
        'error',
        `value ${place}`,
        `${place} must be "true" or "false", in quotes, not true`,
        'write gantry.dev/ignore: "true"',
      ],
    ])
  })

  test('what runs nothing is kept', () => {
    expect(checkObject({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web' } }, options)).toEqual({
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web', namespace: 'default' } },
      disposition: 'kept',
      problems: [
        {
          severity: 'warning',
          message: 'kind ServiceAccount is not acted on: pods get no token',
          object: 'ServiceAccount default/web',
          field: 'kind',
          file: 'value kind',
          line: 1,
          column: 1,
        },
      ],
    })
  })

  test('a custom resource is kept as it is', () => {
    const rule = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'up', namespace: 'shop' },
      spec: { groups: [{ name: 'a', rules: [null, 1.5, { expr: 'up' }] }] },
    }
    const { object, disposition, problems } = checkObject(rule, options)
    expect({ object, disposition, problems: problems.map(summary) }).toEqual({
      object: rule,
      disposition: 'kept',
      problems: [['warning', 'value kind', 'kind PrometheusRule is not acted on: Gantry has no controller for it', '']],
    })
  })
})

describe('the schema', () => {
  test.each<{ name: string; value: object; expected: string[][] }>([
    {
      name: 'a misspelt field, and nothing of what follows from it',
      value: deployment({}, { containers: [{ name: 'web', imagee: 'web:1' }] }),
      expected: [
        ['error', `key ${first}.imagee`, `${first}.imagee is not a field of a Container`, 'did you mean image?'],
      ],
    },
    {
      name: 'a misspelt field that must be there',
      value: deployment({ selctor: { matchLabels: {} }, selector: null }),
      expected: [
        ['error', 'key spec.selctor', 'spec.selctor is not a field of a DeploymentSpec', 'did you mean selector?'],
      ],
    },
    {
      name: 'a word for a number',
      value: deployment({ replicas: 'three' }),
      expected: [
        ['error', 'value spec.replicas', 'spec.replicas must be a whole number, not "three"', 'write replicas: 3'],
      ],
    },
    {
      name: 'a number in quotes',
      value: deployment({ replicas: '3' }),
      expected: [
        ['error', 'value spec.replicas', 'spec.replicas must be a whole number, not "3"', 'write replicas: 3'],
      ],
    },
    {
      name: 'a number that must be in quotes',
      value: deployment({}, { containers: [{ ...container, env: [{ name: 'PORT', value: 80 }] }] }),
      expected: [
        ['error', `value ${first}.env[0].value`, `${first}.env[0].value must be text, not 80`, 'quote it: value: "80"'],
      ],
    },
    {
      name: 'less than none',
      value: deployment({ replicas: -1 }),
      expected: [['error', 'value spec.replicas', 'spec.replicas must be a whole number of 0 or more, not -1', '']],
    },
    {
      name: 'a map for a list',
      value: deployment({}, { containers: { web: container } }),
      expected: [
        [
          'error',
          `value ${pod}.containers`,
          `${pod}.containers must be a list, not an object`,
          'start each item with "- "',
        ],
      ],
    },
    {
      name: 'a choice that is none',
      value: deployment({}, { containers: [{ ...container, imagePullPolicy: 'always' }] }),
      expected: [
        [
          'error',
          `value ${first}.imagePullPolicy`,
          `${first}.imagePullPolicy must be one of Always, IfNotPresent, Never, not "always"`,
          'did you mean Always?',
        ],
      ],
    },
    {
      name: 'a port in quotes',
      value: service({ ports: [{ port: 80, targetPort: '8080' }] }),
      expected: [
        [
          'error',
          'value spec.ports[0].targetPort',
          `spec.ports[0].targetPort must be a port's number (1 to 65535) or name (up to 15 lower-case letters, digits and hyphens), not "8080"`,
          'write 8080 without quotes',
        ],
      ],
    },
    {
      name: 'a name in capitals',
      value: deployment({}, { containers: [{ ...container, name: 'Web_1' }] }),
      expected: [
        [
          'error',
          `value ${first}.name`,
          `${first}.name must be up to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends, not "Web_1"`,
          'write web-1',
        ],
      ],
    },
    {
      name: 'a quantity that is none',
      value: deployment({}, { containers: [{ ...container, resources: { limits: { memory: '64MB' } } }] }),
      expected: [
        [
          'error',
          `value ${first}.resources.limits.memory`,
          `${first}.resources.limits.memory must be a quantity such as 250m, 2 or 64Mi, not "64MB"`,
          'write 64Mi',
        ],
      ],
    },
    {
      name: 'a required field that is missing stands where its parent does',
      value: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: { a: 'b' } } },
      },
      expected: [['error', 'value spec', 'spec.template is required', 'add template']],
    },
    {
      name: 'no spec',
      value: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
      expected: [['error', 'value ', 'spec is required', 'add spec']],
    },
    {
      name: 'fields that stand too high',
      value: deployment({ containers: [] }, { env: [] }),
      expected: [
        ['error', `key ${pod}.env`, `${pod}.env is not a field of a PodSpec`, `it belongs in ${pod}.containers[].env`],
        [
          'error',
          'key spec.containers',
          'spec.containers is not a field of a DeploymentSpec',
          `it belongs in ${pod}.containers`,
        ],
      ],
    },
    {
      name: 'a field that stands too deep',
      value: deployment({}, { replicas: 3 }),
      expected: [
        ['error', `key ${pod}.replicas`, `${pod}.replicas is not a field of a PodSpec`, 'it belongs in spec.replicas'],
      ],
    },
    {
      name: 'a word that every object has',
      value: deployment({ paused: 'constructor' }),
      expected: [['error', 'value spec.paused', 'spec.paused must be true or false, not "constructor"', '']],
    },
    {
      name: 'several mistakes at once',
      value: deployment({ replicas: 'x', paused: 'yes' }, { nodeSelectr: {} }),
      expected: [
        [
          'error',
          `key ${pod}.nodeSelectr`,
          `${pod}.nodeSelectr is not a field of a PodSpec`,
          'did you mean nodeSelector?',
        ],
        [
          'error',
          'value spec.replicas',
          'spec.replicas must be a whole number, not "x"',
          'write a number, as in replicas: 1',
        ],
        ['error', 'value spec.paused', 'spec.paused must be true or false, not "yes"', 'write paused: true'],
      ],
    },
  ])('$name', ({ value, expected }) => {
    expect(problemsOf(value)).toEqual(expected)
  })

  test('the values of a Secret are never shown', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'db' },
      data: { password: 'hunter2!', other: 123456 },
      stringData: { pin: 4711, 'bad key': 'hunter3' },
      type: 'Opaque',
    }
    const problems = JSON.stringify(problemsOf(secret))
    expect(problems).not.toMatch(/hunter|4711|123456/)
    expect(problemsOf(secret).map(([, place, message]) => [place, message])).toEqual([
      ['value data.password', 'data.password must be base64, not a string'],
      ['value data.other', 'data.other must be base64, not a number'],
      ['value stringData.pin', 'stringData.pin must be text, not a number'],
      [
        'value stringData["bad key"]',
        'stringData["bad key"] must be under a key of letters, digits, "-", "_" and "." only, not a string',
      ],
    ])
  })
})

test('what templates leave empty counts as not written', () => {
  const { object, problems } = checkObject(
    deployment(
      { strategy: { type: '' } },
      {
        runtimeClassName: '',
        containers: [
          { ...container, imagePullPolicy: '', readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 0 } },
        ],
        volumes: [{ name: 'host', hostPath: { path: '/srv', type: '' } }],
      },
    ),
    options,
  )
  expect(problems).toEqual([])
  expect(object?.spec).toMatchObject({
    strategy: { type: 'RollingUpdate' },
    template: {
      spec: {
        containers: [{ imagePullPolicy: 'IfNotPresent', readinessProbe: { periodSeconds: 10 } }],
        volumes: [{ hostPath: { path: '/srv', type: '' } }],
      },
    },
  })
})

describe('known fields that are not honoured', () => {
  test.each<{ name: string; pod: object; expected: string[][] }>([
    {
      name: 'a warning that says what will not happen',
      pod: { hostPID: true },
      expected: [
        [
          'warning',
          `key ${pod}.hostPID`,
          `${pod}.hostPID is not honoured by Gantry yet: the pod does not see the host's processes`,
          '',
        ],
      ],
    },
    {
      name: 'a false that asks for something',
      pod: { hostUsers: false },
      expected: [
        [
          'warning',
          `key ${pod}.hostUsers`,
          `${pod}.hostUsers is not honoured by Gantry yet: the pod gets no user namespace of its own`,
          '',
        ],
      ],
    },
    {
      name: 'limits of a process of the host',
      pod: {
        runtimeClassName: 'process',
        containers: [{ name: 'web', command: ['web'], resources: { limits: { memory: '64Mi' } } }],
      },
      expected: [
        [
          'warning',
          `value ${first}.resources.limits.memory`,
          `${first}.resources.limits.memory is not honoured by Gantry yet for runtimeClassName: process: the process may take what the machine has`,
          '',
        ],
      ],
    },
    {
      name: 'an error where the pod would start too early',
      pod: { schedulingGates: [{ name: 'wait' }] },
      expected: [
        [
          'error',
          `key ${pod}.schedulingGates`,
          `${pod}.schedulingGates is not honoured by Gantry yet: the pod would start before its gates are lifted`,
          'remove it',
        ],
      ],
    },
    {
      name: 'nothing where the value changes nothing',
      pod: { hostPID: false, hostUsers: true, affinity: {}, imagePullSecrets: [], schedulerName: 'default-scheduler' },
      expected: [],
    },
    {
      name: 'a volume that cannot be mounted',
      pod: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
      expected: [
        [
          'error',
          `key ${pod}.volumes[0].persistentVolumeClaim`,
          `${pod}.volumes[0].persistentVolumeClaim is a kind of volume that Gantry cannot mount yet`,
          'use one of configMap, downwardAPI, emptyDir, hostPath, projected, secret',
        ],
      ],
    },
  ])('$name', ({ pod, expected }) => {
    expect(problemsOf(deployment({}, pod))).toEqual(expected)
  })
})

describe('metadata', () => {
  test('what only the cluster gives is left out, with a warning; what an export leaves empty without one', () => {
    const exported = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'web',
        creationTimestamp: null,
        uid: 'b1',
        resourceVersion: '12',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'mine' },
      },
      status: {},
      data: { empty: null },
    }
    const { object, problems } = checkObject(exported, options)
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web', namespace: 'default', annotations: { note: 'mine' } },
      data: { empty: '' },
    })
    expect(problems.map(({ severity, field }) => [severity, field])).toEqual([
      ['warning', 'metadata.uid'],
      ['warning', 'metadata.resourceVersion'],
      ['warning', 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]'],
    ])
  })

  test.each<{ name: string; metadata: object; expected: string }>([
    { name: 'no name', metadata: {}, expected: 'metadata.name is required' },
    { name: 'a number for a name', metadata: { name: 5 }, expected: 'metadata.name must be text, not 5' },
    { name: 'a list', metadata: [], expected: 'metadata must be an ObjectMeta with its fields, not a list' },
    {
      name: 'a generated name',
      metadata: { generateName: 'web-' },
      expected: 'metadata.generateName has no meaning for an object of a branch',
    },
    {
      name: 'an upper-case name',
      metadata: { name: 'Web' },
      expected:
        'metadata.name must be up to 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends, not "Web"',
    },
    {
      name: "Gantry's own annotation",
      metadata: { name: 'web', annotations: { 'gantry.dev/source': 'x' } },
      expected: 'metadata.annotations["gantry.dev/source"] is written by Gantry alone',
    },
    {
      name: 'a label with white space',
      metadata: { name: 'web', labels: { app: 'a b' } },
      expected:
        'metadata.labels.app must be a label: a key like app or example.com/app, a value of up to 63 letters, digits, "-", "_" and "." that begins and ends with a letter or digit, not "a b"',
    },
  ])('$name', ({ metadata, expected }) => {
    expect(problemsOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata }).map(([, , message]) => message)).toEqual([
      expected,
    ])
  })
})

describe('rules that no schema holds', () => {
  test.each<{ name: string; value: object; expected: string[] }>([
    {
      name: 'a selector that does not match its template',
      value: deployment({ selector: { matchLabels: { app: 'shop' } } }),
      expected: ['spec.selector must match the labels of the template, so that the workload finds its own pods'],
    },
    {
      name: 'an empty selector',
      value: deployment({ selector: {} }),
      expected: ['spec.selector must not be empty: it would take every pod of the namespace'],
    },
    {
      name: 'an operator without values',
      value: deployment({
        selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'a', operator: 'NotIn' }] },
      }),
      expected: ['spec.selector.matchExpressions[0].values must have at least one value where operator is NotIn'],
    },
    {
      name: 'a rollout that could not move',
      value: deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
      expected: [
        'spec.strategy.rollingUpdate.maxUnavailable must not be 0 where maxSurge is 0 too: no pod could be replaced',
      ],
    },
    {
      name: 'a Recreate with a budget',
      value: deployment({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      expected: ['spec.strategy.rollingUpdate must not be set where type is Recreate'],
    },
    {
      name: 'pods that end',
      value: deployment({}, { restartPolicy: 'Never' }),
      expected: [`${pod}.restartPolicy must be Always in a workload that keeps its pods running, not Never`],
    },
    {
      name: 'a deadline shorter than readiness',
      value: deployment({ minReadySeconds: 600 }),
      expected: ['spec.progressDeadlineSeconds must be more than minReadySeconds 600, not 600'],
    },
    {
      name: 'no containers',
      value: deployment({}, { containers: [] }),
      expected: [`${pod}.containers must have at least one container`],
    },
    {
      name: 'two containers of one name',
      value: deployment({}, { containers: [container], initContainers: [container] }),
      expected: [`${first}.name must be unique in the pod, and "web" is taken`],
    },
    {
      name: 'no image',
      value: deployment({}, { containers: [{ name: 'web' }] }),
      expected: [`${first}.image is required`],
    },
    {
      name: 'a process without a command',
      value: deployment({}, { runtimeClassName: 'process', containers: [{ name: 'web' }] }),
      expected: [`${first}.command is required in a pod with runtimeClassName: process`],
    },
    {
      name: 'a mount of no volume',
      value: deployment(
        {},
        {
          containers: [{ ...container, volumeMounts: [{ name: 'cnofig', mountPath: '/c' }] }],
          volumes: [{ name: 'config' }],
        },
      ),
      expected: [`${first}.volumeMounts[0].name must be the name of a volume of the pod, not "cnofig"`],
    },
    {
      name: 'two mounts in one place',
      value: deployment(
        {},
        {
          containers: [
            {
              ...container,
              volumeMounts: [
                { name: 'a', mountPath: '/c' },
                { name: 'b', mountPath: '/c' },
              ],
            },
          ],
          volumes: [{ name: 'a' }, { name: 'b' }],
        },
      ),
      expected: [
        `${first}.volumeMounts[1].mountPath must be unique: another volumeMount of this container has "/c" too`,
      ],
    },
    {
      name: 'two sources of a volume',
      value: deployment({}, { volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/' } }] }),
      expected: [`${pod}.volumes[0].hostPath must not stand beside emptyDir`],
    },
    {
      name: 'two sources of a value',
      value: deployment(
        {},
        {
          containers: [
            { ...container, env: [{ name: 'A', value: 'a', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] },
          ],
        },
      ),
      expected: [`${first}.env[0].valueFrom must not stand beside value`],
    },
    {
      name: 'a field that no variable holds',
      value: deployment(
        {},
        {
          containers: [{ ...container, env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nam' } } }] }],
        },
      ),
      expected: [
        `${first}.env[0].valueFrom.fieldRef.fieldPath must be a field that a variable can hold, not "metadata.nam"`,
      ],
    },
    {
      name: 'a request above its limit',
      value: deployment(
        {},
        { containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '500m' } } }] },
      ),
      expected: [`${first}.resources.requests.cpu must be no more than its limit of 500m, not 2`],
    },
    {
      name: 'a probe without an action',
      value: deployment({}, { containers: [{ ...container, livenessProbe: { periodSeconds: 5 } }] }),
      expected: [`${first}.livenessProbe must have an action`],
    },
    {
      name: 'a probe of two actions, with a threshold that it cannot have',
      value: deployment(
        {},
        {
          containers: [
            { ...container, livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 80 }, successThreshold: 2 } },
          ],
        },
      ),
      expected: [
        `${first}.livenessProbe.tcpSocket must not stand beside exec`,
        `${first}.livenessProbe.successThreshold must be 1 on a livenessProbe, not 2`,
      ],
    },
    {
      name: 'a Service without ports',
      value: service({}),
      expected: ['spec.ports must have at least one port'],
    },
    {
      name: 'ports without names, one of them twice',
      value: service({ ports: [{ port: 80 }, { port: 80 }] }),
      expected: [
        'spec.ports[1].port must be unique: another port has "80/TCP" too',
        'spec.ports[0].name is required where a Service has several ports',
        'spec.ports[1].name is required where a Service has several ports',
      ],
    },
    {
      name: 'a node port that is out of range, on a Service that has none',
      value: service({ ports: [{ port: 80, nodePort: 80 }] }),
      expected: ['spec.ports[0].nodePort must be a whole number from 30000 to 32767, not 80'],
    },
    {
      name: 'a name that points nowhere',
      value: service({ type: 'ExternalName' }),
      expected: ['spec.externalName must be a DNS name, not ""'],
    },
    {
      name: 'a Service that begins with a digit',
      value: { ...service({ ports: [{ port: 80 }] }), metadata: { name: '1web' } },
      expected: [
        'metadata.name must be up to 63 lower-case letters, digits and "-", with a letter at the start, not "1web"',
      ],
    },
    {
      name: 'a TLS Secret without its key',
      value: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: 'tls' },
        stringData: { 'tls.crt': 'x' },
      },
      expected: ['data["tls.key"] is required in a Secret of type kubernetes.io/tls'],
    },
  ])('$name', ({ value, expected }) => {
    expect(problemsOf(value).map(([, , message]) => message)).toEqual(expected)
  })
})

describe('whatever comes in', () => {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, maxDepth: 5 })
  const almost = fc.record({
    apiVersion: fc.constantFrom('v1', 'apps/v1', 'example.com/v1', 'discovery.k8s.io/v1'),
    kind: fc.constantFrom(
      'Deployment',
      'Pod',
      'Service',
      'Secret',
      'ConfigMap',
      'Namespace',
      'EndpointSlice',
      'ServiceAccount',
      'Widget',
    ),
    metadata: anything,
    spec: fc.oneof(
      anything,
      fc.record({
        selector: anything,
        template: fc.oneof(
          anything,
          fc.record({ metadata: anything, spec: fc.record({ containers: fc.array(anything), volumes: anything }) }),
        ),
        containers: fc.oneof(
          anything,
          fc.array(fc.record({ name: anything, image: anything, env: fc.array(anything), ports: anything })),
        ),
        ports: fc.array(anything),
      }),
    ),
    data: anything,
    stringData: fc.dictionary(fc.string(), anything),
    endpoints: anything,
  })

  test('nothing throws, nothing is changed, and an object comes out only where there is no error', () => {
    fc.assert(
      fc.property(fc.oneof(anything, almost), value => {
        const before = structuredClone(value)
        const { object, problems } = checkObject(value, options)
        expect(value).toEqual(before)
        if (object) expect(problems.filter(problem => problem.severity === 'error')).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  test('what was checked passes again, unchanged', () => {
    const { object } = checkObject(deployment(), options)
    expect(checkObject(object, options)).toEqual({ object, problems: [], disposition: 'run' })
  })

  test('prototype keys are names like any other', () => {
    const data: unknown = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}')
    const { object } = checkObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data }, options)
    expect(JSON.stringify(object?.data)).toBe('{"__proto__":"a","constructor":"b","toString":"c"}')
    const unknown: unknown = JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web"},"__proto__":{"a":1},"constructor":1}',
    )
    expect(problemsOf(unknown).map(([, , message]) => message)).toEqual([
      '__proto__ is not a field of a ConfigMap',
      'constructor is not a field of a ConfigMap',
    ])
  })

  test('of very many problems the first hundred are told', () => {
    const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key ${i}`, i]))
    const problems = problemsOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data })
    expect(problems.length).toBe(101)
    expect(problems.at(-1)?.[2]).toBe('the manifest has more than 100 problems; the rest is not listed')
  })

  test('absurd depth is an error, not a full stack', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = { properties: { a: deep } }
    const schema = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'web' }, spec: deep }
    expect(
      problemsOf(schema)
        .filter(([severity]) => severity === 'error')
        .map(([, , message]) => message?.slice(-38)),
    ).toEqual(['is nested more than 200 levels deep'].map(text => expect.stringContaining(text)))
  })

  test('an alias bomb ends early', () => {
    let bomb: unknown = 'x'
    for (let i = 0; i < 30; i++) bomb = [bomb, bomb, bomb, bomb]
    const { object, problems } = checkObject(
      { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'web' }, spec: bomb },
      options,
    )
    expect(object).toBeUndefined()
    expect(problems.map(({ severity }) => severity)).toEqual(['warning', 'error'])
  })
})

describe('when an object has its turn', () => {
  const annotated = (annotations: Record<string, string>, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', annotations },
    ...more,
  })
  const podSpec = { spec: { containers: [container] } }

  test.each<{ name: string; value: object; expected: string[][] }>([
    {
      name: 'waves and hooks as they should be',
      value: annotated({
        'gantry.dev/wave': '-1',
        'argocd.argoproj.io/sync-wave': '12',
        'helm.sh/hook': 'pre-install, post-upgrade',
        'helm.sh/hook-weight': '-5',
        'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
        'argocd.argoproj.io/hook': 'PreSync',
        'argocd.argoproj.io/hook-delete-policy': 'HookFailed',
      }),
      expected: [],
    },
    {
      name: 'a wave that is no number',
      value: annotated({ 'gantry.dev/wave': 'first' }),
      expected: [
        [
          'error',
          'value metadata.annotations["gantry.dev/wave"]',
          'metadata.annotations["gantry.dev/wave"] must be a whole number in quotes, not "first"',
          'write gantry.dev/wave: "1"',
        ],
      ],
    },
    {
      name: 'a hook that nobody knows',
      value: annotated({ 'helm.sh/hook': 'pre-instal' }),
      expected: [
        [
          'error',
          'value metadata.annotations["helm.sh/hook"]',
          'metadata.annotations["helm.sh/hook"] must be one or more of pre-install, pre-upgrade, post-install, post-upgrade, pre-delete, post-delete, pre-rollback, post-rollback, test, test-success, test-failure, not "pre-instal"',
          'write helm.sh/hook: pre-install',
        ],
      ],
    },
    {
      name: 'a hook that is not run, by name',
      value: annotated({ 'helm.sh/hook': 'pre-delete,test' }),
      expected: [
        [
          'warning',
          'value metadata.annotations["helm.sh/hook"]',
          'metadata.annotations["helm.sh/hook"] names pre-delete, which is not run by Gantry yet',
          '',
        ],
      ],
    },
    {
      name: 'a hook that is a Pod',
      value: annotated({ 'argocd.argoproj.io/hook': 'PostSync' }, { kind: 'Pod', ...podSpec }),
      expected: [
        [
          'error',
          'key metadata.annotations["argocd.argoproj.io/hook"]',
          'metadata.annotations["argocd.argoproj.io/hook"] has no meaning on a Pod: hooks are Jobs in Gantry',
          'make it a Job with this pod as its template',
        ],
      ],
    },
  ])('$name', ({ value, expected }) => {
    expect(problemsOf(value)).toEqual(expected)
  })
})

describe('Jobs', () => {
  const job = (spec: object, restartPolicy?: string) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'a' },
    spec: { template: { spec: { containers: [container], ...(restartPolicy && { restartPolicy }) } }, ...spec },
  })

  test('get their defaults', () => {
    const { object } = checkObject(job({}, 'Never'), options)
    expect(object?.spec).toMatchObject({
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      suspend: false,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
    })
    expect(checkObject(job({ parallelism: 3 }, 'Never'), options).object?.spec).not.toHaveProperty('completions')
  })

  test.each<{ name: string; value: object; says: string[] }>([
    { name: 'a plain one', value: job({ completions: 3, completionMode: 'NonIndexed' }, 'OnFailure'), says: [] },
    {
      name: 'pods that never end',
      value: job({}),
      says: [
        'spec.template.spec.restartPolicy must be Never or OnFailure in a Job, whose pods come to an end; write restartPolicy: Never',
      ],
    },
    {
      name: 'indexes',
      value: job({ completionMode: 'Indexed' }, 'Never'),
      says: [
        'spec.completionMode is not honoured by Gantry yet: no pod would be told which part of the work is its own; remove it',
      ],
    },
    {
      name: 'a policy of failures',
      value: job({ podFailurePolicy: { rules: [{ action: 'Ignore' }] } }, 'Never'),
      says: ['spec.podFailurePolicy is not honoured by Gantry yet: every failure would count alike; remove it'],
    },
  ])('$name', ({ value, says }) => {
    expect(problemsOf(value).map(([, , message, remedy]) => `${message}; ${remedy}`)).toEqual(says)
  })
})
