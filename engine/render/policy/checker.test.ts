import { expect, test } from 'vitest'
import type { Manifest } from '../../api/manifest.ts'
import type { ClusterPolicy } from '../../api/settings.ts'
import { CommitFiles } from '../commit-files.ts'
import { treeOf } from '../tree.fixture.ts'
import { answerPlaces } from './places.ts'
import { answerPolicy, type PolicyRequest } from './answer.ts'
import { PolicyChecker } from './checker.ts'

const manifest = (name: string): Manifest => ({
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } },
  origin: { file: `${name}.yaml`, line: 1, column: 1 },
})
const files = new CommitFiles(treeOf({}))
const policy: ClusterPolicy = {
  starter: {},
  registries: [],
  rules: [{ name: 'r', validations: [{ expression: "object.metadata.name != 'b'", message: 'no' }] }],
}

test('a manifest is judged once by the same rules', async () => {
  const judged: string[][] = []
  const checker = new PolicyChecker(
    {
      run: async (bytes, { language }) => {
        if (language !== 'policy') return { unit: JSON.stringify(answerPlaces(bytes)), milliseconds: 0 }
        const { objects }: PolicyRequest = JSON.parse(new TextDecoder().decode(bytes))
        judged.push(objects.map(({ metadata }) => metadata.name))
        return { unit: JSON.stringify(answerPolicy(bytes)), milliseconds: 0 }
      },
    },
    { unitMilliseconds: 30_000 },
  )
  const check = async (manifests: readonly Manifest[], rules = policy): Promise<string[]> =>
    (await checker.check(manifests, { policy: rules, files })).map(({ file }) => file)
  const [a, b, c] = [manifest('a'), manifest('b'), manifest('c')]
  expect(await check([a, b])).toEqual(['b.yaml'])
  expect(await check([a, b, c])).toEqual(['b.yaml'])
  expect(await check([c, a])).toEqual([])
  // Equal rules of a file that was read again are the same rules.
  expect(await check([b], structuredClone(policy))).toEqual(['b.yaml'])
  expect(await check([a, b], { ...policy, rules: [{ name: 'r', schema: false }] })).toEqual(['a.yaml', 'b.yaml'])
  expect(await check([b])).toEqual(['b.yaml'])
  expect(judged).toEqual([['a', 'b'], ['c'], ['a', 'b']])
})

test('all objects together have so long; the rule that takes it and its object are named', async () => {
  const asked: number[] = []
  const checker = new PolicyChecker(
    {
      run: async bytes => {
        const request: PolicyRequest = JSON.parse(new TextDecoder().decode(bytes))
        asked.push(request.milliseconds)
        const answer = asked.length < 5 ? { findings: [], milliseconds: 1_900 } : answerPolicy(bytes)
        return { unit: JSON.stringify(answer), milliseconds: 0 }
      },
    },
    { unitMilliseconds: 2_000 },
  )
  const manifests = Array.from({ length: 6 * 250 }, (_, index) => manifest(`m${index}`))
  const slow = {
    name: 'slow',
    validations: [{ expression: `('a'.split('').map(x, x + '${'a'.repeat(40)}b')[0]).matches('^(a+)+$')` }],
  }
  const problems = await checker.check(manifests, { policy: { ...policy, rules: [...policy.rules, slow] }, files })
  expect(problems.map(({ message }) => message)).toEqual([
    'the check by the rules of spec.policy takes more than 8 s for 1500 objects; most of it took rule slow, which was at ConfigMap default/m1000',
  ])
  // Four at once have two thirds of a unit's time each; the next what is left of four units' time.
  expect(asked.map(Math.round)).toEqual([1333, 1333, 1333, 1333, 400, 400])
  expect(checker.failures).toBe(1)
})
