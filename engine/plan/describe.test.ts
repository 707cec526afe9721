import { expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import { describePlan } from './describe.ts'
import type { Plan, PlanStep } from './step.ts'

const origin = { file: 'web.yaml', line: 1, column: 1 }

function deployment({
  env = '1',
  image = 'web:1',
  replicas = 2,
  more = {},
}: { env?: string; image?: string; replicas?: number; more?: object } = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'hello', namespace: 'default' },
    spec: {
      replicas,
      strategy: { type: 'RollingUpdate' },
      template: { spec: { containers: [{ name: 'hello', image, env: [{ name: 'VERSION', value: env }] }] } },
      ...more,
    },
  }
}

function plain(kind: string, { data, name = 'c' }: { data?: object; name?: string } = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop' }, ...(data && { data }) }
}

function update(before: KubeObject, after: KubeObject): PlanStep {
  return { kind: 'update', ref: ref(after), before, after, origin }
}
function ref({ kind, metadata }: KubeObject) {
  return { kind, key: `${metadata.namespace}/${metadata.name}` }
}
function described(...steps: readonly PlanStep[]): string[] {
  const plan: Plan = { steps }
  return describePlan(plan)
}

test('a plan in words, aligned, with a summary', () => {
  const service: KubeObject = {
    ...plain('Service', { name: 'web' }),
    spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] },
  }
  expect(
    described(
      { kind: 'create', ref: ref(service), after: service, origin },
      { kind: 'create', ref: ref(deployment()), after: deployment(), origin },
      update(
        plain('ConfigMap', { data: { greeting: 'Hello' } }),
        plain('ConfigMap', { data: { greeting: 'Good day' } }),
      ),
      { kind: 'delete', ref: { kind: 'ConfigMap', key: 'shop/old' }, before: plain('ConfigMap') },
    ),
  ).toEqual([
    '+ Service shop/web          NodePort 80:30080',
    '+ Deployment default/hello  2 pods, web:1',
    '~ ConfigMap shop/c          greeting "Hello" → "Good day"',
    '- ConfigMap shop/old',
    'plan: 2 to create, 1 to change, 1 to delete',
  ])
})

test('nothing to do', () => {
  expect(described()).toEqual(['plan: nothing to change'])
})

test.each<{ name: string; step: PlanStep; says: string }>([
  {
    name: 'an environment variable, and what follows',
    step: update(deployment(), deployment({ env: '2' })),
    says: 'env VERSION "1" → "2"  (rolling update, 2 pods)',
  },
  {
    name: 'several fields',
    step: update(deployment(), deployment({ image: 'web:2', replicas: 3 })),
    says: 'replicas 2 → 3, image "web:1" → "web:2"  (rolling update, 3 pods)',
  },
  { name: 'the number of pods alone', step: update(deployment(), deployment({ replicas: 0 })), says: 'replicas 2 → 0' },
  {
    name: 'a paused Deployment',
    step: update(deployment(), deployment({ env: '2', more: { paused: true } })),
    says: 'env VERSION "1" → "2", paused = true  (paused: nothing rolls out)',
  },
  {
    name: 'Recreate',
    step: update(
      deployment({ more: { strategy: { type: 'Recreate' } } }),
      deployment({ env: '2', replicas: 1, more: { strategy: { type: 'Recreate' } } }),
    ),
    says: 'replicas 2 → 1, env VERSION "1" → "2"  (recreate, 1 pod)',
  },
  {
    name: 'a Secret tells no value',
    step: update(
      plain('Secret', { data: { a: 'b2xk', gone: 'eA==' } }),
      plain('Secret', { data: { a: 'bmV3', b: 'eQ==' } }),
    ),
    says: 'a changed, gone removed, b added',
  },
  {
    name: 'a Secret’s data as a whole tells no value',
    step: update(plain('Secret'), plain('Secret', { data: { a: 'bmV3' } })),
    says: 'data added',
  },
  {
    name: 'one line of a long text',
    step: update(
      plain('ConfigMap', { data: { conf: 'a=1\nb=2\nc=3' } }),
      plain('ConfigMap', { data: { conf: 'a=1\nb=5\nc=3' } }),
    ),
    says: 'conf "b=2" → "b=5"',
  },
  {
    name: 'a long value is cut',
    step: update(plain('ConfigMap', { data: {} }), plain('ConfigMap', { data: { long: 'x'.repeat(200) } })),
    says: `long = "${'x'.repeat(38)}…`,
  },
  {
    name: 'a file that moved',
    step: update(
      {
        ...plain('ConfigMap'),
        metadata: { name: 'c', namespace: 'shop', annotations: { 'gantry.dev/source': 'a.yaml' } },
      },
      {
        ...plain('ConfigMap'),
        metadata: { name: 'c', namespace: 'shop', annotations: { 'gantry.dev/source': 'b.yaml' } },
      },
    ),
    says: 'now from b.yaml',
  },
  {
    name: 'labels',
    step: update(plain('ConfigMap'), {
      ...plain('ConfigMap'),
      metadata: { name: 'c', namespace: 'shop', labels: { app: 'web' } },
    }),
    says: 'label app = "web"',
  },
  {
    name: 'many changes are counted',
    step: update(
      plain('ConfigMap', { data: {} }),
      plain('ConfigMap', { data: { a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' } }),
    ),
    says: 'a = "1", b = "2", c = "3", d = "4", 2 more',
  },
])('$name', ({ step, says }) => {
  expect(described(step)[0]?.replace(/^. \S+ \S+ {2}/, '')).toBe(says)
})
