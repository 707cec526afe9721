import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { writeKubectlYaml } from '../kubectl-yaml.ts'
import { buildKustomization } from './build.ts'
import { memoryTree } from './tree.fixture.ts'

interface Case {
  readonly name: string
  readonly dir: string
  readonly files: Readonly<Record<string, string>>
  readonly expected: string
  readonly order: 'exact' | 'any'
}

const corpus = new URL('../../../../shared/corpus/kustomize/cases.json', import.meta.url)
const cases: readonly Case[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : []

function cleanPath(path: string): string {
  return path.split('/').filter(part => part !== '' && part !== '.').join('/')
}

// Kustomize's own end-to-end tests.
describeWith(['corpus'], "Kustomize's cases", () => {
  test.each(cases)('$name', ({ dir, files, expected, order }) => {
    const tree = memoryTree(Object.fromEntries(Object.entries(files).map(([path, text]) => [cleanPath(path), text])))
    const built = buildKustomization(tree, cleanPath(dir)).resources.map(({ object }) => writeKubectlYaml(object))
    const wanted = expected.trim().split(/^---\n/m).map(text => `${text.trim()}\n`)
    const given = built.map(text => `${text.trim()}\n`)
    if (order === 'any') expect(given.toSorted()).toEqual(wanted.toSorted())
    else expect(given.join('---\n')).toBe(wanted.join('---\n'))
  })
})
