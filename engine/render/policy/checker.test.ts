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
  const checker = new PolicyChecker({
    run: async (bytes, { language }) => {
      if (language !== 'policy') return { unit: JSON.stringify(answerPlaces(bytes)), milliseconds: 0 }
      const { objects }: PolicyRequest = JSON.parse(new TextDecoder().decode(bytes))
      judged.push(objects.map(({ metadata }) => metadata.name))
      return { unit: JSON.stringify(answerPolicy(bytes)), milliseconds: 0 }
    },
  })
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
