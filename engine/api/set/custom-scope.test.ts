import { expect, test } from 'vitest'
import type { Manifest } from '../manifest.ts'
import { formatProblem } from '../problem.ts'
import { describeRef, refOf } from '../reference.ts'
import type { KubeObject } from '../types.ts'
import { placeCustomResources } from './custom-scope.ts'

const manifest = (apiVersion: string, kind: string, more: Partial<KubeObject['metadata']> = {}): Manifest => ({
  object: { apiVersion, kind, metadata: { name: 'x', ...more } },
  origin: { file: 'x.yaml', line: 1, column: 1 },
})
const definition = (scope: string, kind: string): Manifest => {
  const { object, origin } = manifest('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name: kind })
  return { origin, object: { ...object, spec: { group: 'example.com', scope, names: { kind } } } as KubeObject }
}
const widget = manifest('example.com/v1', 'Widget')
const inRelease = (one: Manifest): Manifest => ({
  ...one,
  release: { name: 'r', namespace: 'apps', targetNamespace: 'shop', dependsOn: [] },
})

test.each<{ name: string; given: readonly Manifest[]; gives: readonly string[]; problems?: readonly string[] }>([
  {
    name: 'a kind of namespaces, in the default one',
    given: [widget, definition('Namespaced', 'Widget')],
    gives: ['Widget.example.com default/x'],
  },
  {
    name: 'in the namespace of its release',
    given: [inRelease(widget), definition('Namespaced', 'Widget')],
    gives: ['Widget.example.com shop/x'],
  },
  {
    name: 'in the one that it names, in any version of the kind',
    given: [manifest('example.com/v2beta1', 'Widget', { namespace: 'own' }), definition('Namespaced', 'Widget')],
    gives: ['Widget.example.com own/x'],
  },
  {
    name: 'a kind of the whole cluster',
    given: [inRelease(widget), definition('Cluster', 'Widget')],
    gives: ['Widget.example.com x'],
  },
  {
    name: 'a namespace where there is none',
    given: [manifest('example.com/v1', 'Widget', { namespace: 'own' }), definition('Cluster', 'Widget')],
    gives: ['Widget.example.com x'],
    problems: [
      'x.yaml:1:1: warning: metadata.namespace has no meaning: CustomResourceDefinition Widget says that objects of this kind belong to no namespace; it is left out; remove it',
    ],
  },
  {
    name: 'a kind that another group defines, and one that Kubernetes has itself',
    given: [manifest('other.com/v1', 'Widget'), manifest('v1', 'Namespace'), definition('Namespaced', 'Widget')],
    gives: ['Widget.other.com x', 'Namespace x'],
  },
])('$name', ({ given, gives, problems = [] }) => {
  const placed = placeCustomResources(given)
  const refs = placed.manifests.map(({ object }) => describeRef(refOf(object)))
  expect(refs.filter(ref => !ref.startsWith('CustomResourceDefinition'))).toEqual(gives)
  expect(placed.problems.map(formatProblem)).toEqual(problems)
})

test('what is placed stays the same manifest, and without definitions all stays as it was', () => {
  const given = [widget, definition('Namespaced', 'Widget')]
  const [first] = placeCustomResources(given).manifests
  expect(placeCustomResources([...given]).manifests[0]).toBe(first)
  expect(placeCustomResources([widget, definition('Cluster', 'Widget')]).manifests[0]).toBe(widget)
  const plain = [widget]
  expect(placeCustomResources(plain).manifests).toBe(plain)
})
