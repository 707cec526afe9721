import { expect, test } from 'vitest'
import { findResource, resourceByKind, resourceByPath, resourceOf, resources } from './registry.ts'

test.each([
  ['po', 'v1 Pod'],
  ['pods', 'v1 Pod'],
  ['pod', 'v1 Pod'],
  ['deploy', 'apps/v1 Deployment'],
  ['Deployment', 'apps/v1 Deployment'],
  ['deployments.apps', 'apps/v1 Deployment'],
  ['deployments.v1.apps', 'apps/v1 Deployment'],
  ['hpa', 'autoscaling/v2 HorizontalPodAutoscaler'],
  ['horizontalpodautoscalers.v1.autoscaling', 'autoscaling/v1 HorizontalPodAutoscaler'],
  ['events', 'v1 Event'],
  ['events.events.k8s.io', 'events.k8s.io/v1 Event'],
  ['netpol', 'networking.k8s.io/v1 NetworkPolicy'],
  ['endpointslices', 'discovery.k8s.io/v1 EndpointSlice'],
  ['clusters', 'gantry.dev/v1 Cluster'],
  ['deployments.extensions', undefined],
  ['widgets', undefined],
  ['', undefined],
])('%s is %s', (text, expected) => {
  const found = findResource(text)
  expect(found && `${found.group === '' ? '' : `${found.group}/`}${found.version} ${found.kind}`).toBe(expected)
})

test('a resource carries all its names', () => {
  expect(resourceByPath({ group: 'apps', version: 'v1', plural: 'deployments' })).toEqual({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    singular: 'deployment',
    shortNames: ['deploy'],
    namespaced: true,
    categories: ['all'],
    kindKey: 'Deployment',
    model: 'V1Deployment',
  })
})

test('the preferred version is the newest stable one', () => {
  expect(resourceOf('HorizontalPodAutoscaler.autoscaling')?.version).toBe('v2')
  expect(resourceOf('ResourceClaim.resource.k8s.io')?.version).toBe('v1')
  expect(resourceByKind('autoscaling/v1', 'HorizontalPodAutoscaler')?.version).toBe('v1')
})

test('no two resources share a path or a kind in a version', () => {
  const paths = resources.map(({ group, version, plural }) => `${group}/${version}/${plural}`)
  const kinds = resources.map(({ group, version, kind }) => `${group}/${version}/${kind}`)
  expect(new Set(paths).size).toBe(resources.length)
  expect(new Set(kinds).size).toBe(resources.length)
})

test('namespaces as Kubernetes has them', () => {
  const cluster = resources.filter(resource => !resource.namespaced).map(resource => resource.kindKey)
  expect(cluster).toEqual(
    expect.arrayContaining(['Namespace', 'Node', 'PersistentVolume', 'ClusterRole.rbac.authorization.k8s.io']),
  )
  expect(cluster).not.toEqual(expect.arrayContaining(['Pod']))
})
