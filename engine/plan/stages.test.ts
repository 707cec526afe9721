import { expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import { type Manifest, releaseAnnotation, sourceAnnotation } from '../api/manifest.ts'
import { Cluster } from '../cluster/cluster.ts'
import { describePlan } from './describe.ts'
import { plan } from './plan.ts'

interface Asked {
  readonly wave?: number
  readonly hook?: string
  readonly weight?: number
  readonly argo?: string
  /** `web>db`: of release web, which depends on db. */
  readonly release?: string
  /** A Job that has run, and succeeded or not. */
  readonly complete?: boolean
}

/** As much of a spec as the plan reads. */
const specs: Readonly<Record<string, object>> = { Job: { template: { spec: { containers: [] } } }, Node: {} }

function asked(word: string, { wave, hook, weight, argo, release, complete }: Asked = {}): Manifest {
  const [kind = '', name = ''] = word.split('/')
  const annotations = {
    ...(wave === undefined ? {} : { 'gantry.dev/wave': String(wave) }),
    ...(hook === undefined ? {} : { 'helm.sh/hook': hook }),
    ...(weight === undefined ? {} : { 'helm.sh/hook-weight': String(weight) }),
    ...(argo === undefined ? {} : { 'argocd.argoproj.io/hook': argo }),
  }
  const group = kind === 'Job' ? 'batch/v1' : kind === 'Release' ? 'gantry.dev/v1' : 'v1'
  const namespace = kind === 'Node' ? {} : { namespace: 'shop' }
  const object: KubeObject = {
    apiVersion: group,
    kind,
    metadata: { name, ...namespace, annotations },
    spec: specs[kind],
    ...(complete === undefined
      ? {}
      : { status: { conditions: [{ type: complete ? 'Complete' : 'Failed', status: 'True' }] } }),
  } as KubeObject
  const [of, ...dependsOn] = release?.split('>') ?? []
  return {
    object,
    origin: { file: 'a.yaml', line: 1, column: 1 },
    ...(of === undefined ? {} : { release: { name: of, namespace: 'shop', dependsOn } }),
  }
}

/** As the cluster holds it after it was put. */
function held({ object, release }: Manifest): KubeObject {
  const annotations = {
    ...object.metadata.annotations,
    [sourceAnnotation]: 'a.yaml',
    ...(release === undefined ? {} : { [releaseAnnotation]: `shop/${release.name}` }),
  }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

const alone = { hook: 'pre-install', release: 'web' }
const migrate = asked('Job/migrate', { hook: 'pre-install, pre-upgrade' })

test.each<{ name: string; live?: Manifest[]; manifests: Manifest[]; says: string[] }>([
  {
    name: 'no stages: deletions come with all the rest',
    live: [asked('ConfigMap/old')],
    manifests: [asked('ConfigMap/a'), asked('Secret/a')],
    says: ['+ ConfigMap shop/a', '+ Secret shop/a', '- ConfigMap shop/old'],
  },
  {
    name: 'waves in order, and deletions last, of the last wave first',
    live: [asked('ConfigMap/x', { wave: -5 }), asked('ConfigMap/y', { wave: 5 }), asked('ConfigMap/z')],
    manifests: [asked('Secret/b', { wave: 1 }), asked('Secret/a'), asked('ConfigMap/b', { wave: 1 })],
    says: [
      'wave 0:',
      '+ Secret shop/a',
      'wave 1 (after wave 0):',
      '+ ConfigMap shop/b',
      '+ Secret shop/b',
      'removal (after wave 1):',
      '- ConfigMap shop/y',
      '- ConfigMap shop/z',
      '- ConfigMap shop/x',
    ],
  },
  {
    name: 'a first install runs the hooks of installs, by weight, what others need first',
    manifests: [
      asked('ConfigMap/a'),
      migrate,
      asked('Job/b', { hook: 'pre-install', weight: -1 }),
      asked('Secret/a', { hook: 'pre-install', weight: -1 }),
      asked('Job/upgrade', { hook: 'pre-upgrade' }),
      asked('Job/notify', { hook: 'post-install' }),
      asked('Job/test', { hook: 'test' }),
    ],
    says: [
      'pre-install hook:',
      '> Secret shop/a     pre-install hook',
      'pre-install hook (after pre-install hook):',
      '> Job shop/b        pre-install hook',
      'pre-install hook (after pre-install hook):',
      '> Job shop/migrate  pre-install hook',
      'wave 0 (after pre-install hook):',
      '+ ConfigMap shop/a',
      'post-install hook (after wave 0):',
      '> Job shop/notify   post-install hook',
    ],
  },
  {
    name: 'an upgrade runs those of upgrades, and Argo CD’s words mean both',
    live: [asked('ConfigMap/a')],
    manifests: [
      asked('ConfigMap/a', { wave: 3 }),
      asked('Job/sync', { argo: 'PreSync' }),
      asked('Job/i', { hook: 'pre-install' }),
    ],
    says: [
      'pre-upgrade hook:',
      '> Job shop/sync     pre-upgrade hook',
      'wave 3 (after pre-upgrade hook):',
      '~ ConfigMap shop/a  annotation gantry.dev/wave = "3"',
    ],
  },
  {
    name: 'where nothing changes no hook is run, and its Job stays',
    live: [asked('ConfigMap/a'), migrate],
    manifests: [asked('ConfigMap/a'), migrate],
    says: [],
  },
  {
    name: 'releases after those that they depend on; hooks of the one that changes alone; each removes its own',
    live: [asked('ConfigMap/old', { release: 'web' }), asked('ConfigMap/db', { release: 'db' })],
    manifests: [
      asked('ConfigMap/web', { release: 'web>db' }),
      asked('Job/web', { release: 'web>db', hook: 'pre-upgrade' }),
      asked('ConfigMap/db', { release: 'db' }),
      asked('Job/db', { release: 'db', hook: 'pre-upgrade' }),
      asked('ConfigMap/rest'),
    ],
    says: [
      'wave 0:',
      '+ ConfigMap shop/rest',
      'pre-upgrade hook:',
      '> Job shop/web         pre-upgrade hook',
      'release shop/web wave 0 (after pre-upgrade hook):',
      '+ ConfigMap shop/web',
      'release shop/web removal (after release shop/web wave 0):',
      '- ConfigMap shop/old',
    ],
  },
  {
    name: 'hooks that are all of a release run with the first commit that has it',
    manifests: [asked('Release/web'), asked('Job/a', alone)],
    says: ['wave 0:', '+ Release shop/web', 'pre-install hook:', '> Job shop/a        pre-install hook'],
  },
  {
    name: '… not again where the release stays as it was, whether they succeeded or removed themselves',
    live: [asked('Release/web'), asked('Job/a', { ...alone, complete: true })],
    manifests: [asked('Release/web'), asked('Job/a', alone), asked('Job/gone', alone)],
    says: [],
  },
  {
    name: '… again where one of them failed',
    live: [asked('Release/web'), asked('Job/a', { ...alone, complete: false })],
    manifests: [asked('Release/web'), asked('Job/a', alone), asked('Job/gone', alone)],
    says: ['pre-install hook:', '> Job shop/a  pre-install hook'],
  },
  {
    name: '… and those of upgrades where the release changed',
    live: [asked('Release/web'), asked('Job/b', { hook: 'pre-upgrade', release: 'web', complete: true })],
    manifests: [
      asked('Release/web', { wave: 1 }),
      asked('Job/a', alone),
      asked('Job/b', { hook: 'pre-upgrade', release: 'web' }),
    ],
    says: [
      'wave 1:',
      '~ Release shop/web  annotation gantry.dev/wave = "1"',
      'pre-upgrade hook:',
      '> Job shop/b        pre-upgrade hook',
    ],
  },
  {
    name: '… but nothing is run where no release has them',
    live: [asked('Job/a', { hook: 'pre-install', complete: false })],
    manifests: [asked('Job/a', { hook: 'pre-install' })],
    says: [],
  },
  {
    name: 'nodes wait for nothing',
    manifests: [asked('Node/a'), asked('ConfigMap/a', { wave: -1 }), asked('Secret/a')],
    says: ['wave -1:', '+ ConfigMap shop/a', 'wave 0 (after wave -1):', '+ Secret shop/a', 'nodes:', '+ Node a'],
  },
])('$name', ({ live = [], manifests, says }) => {
  const cluster = new Cluster({ startVersion: 0 })
  cluster.apply(
    live.map(each => ({ kind: 'put', object: held(each) })),
    { now: 0, newId: () => 'u1', random: () => 0 },
  )
  const described = describePlan(plan(cluster, manifests)).slice(0, -1)
  expect(described).toEqual(says)
})
