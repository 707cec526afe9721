import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { writeKubectlYaml } from '../kubectl-yaml.ts'
import { buildKustomization } from './build.ts'
import { memoryTree } from '../memory-tree.fixture.ts'

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
  return path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

// Kustomize's own end-to-end tests.
describeWith(['corpus'], "Kustomize's cases", () => {
  test.each(cases)('$name', ({ dir, files, expected, order }) => {
    const tree = memoryTree(Object.fromEntries(Object.entries(files).map(([path, text]) => [cleanPath(path), text])))
    const built = buildKustomization(tree, cleanPath(dir)).resources.map(({ object }) => writeKubectlYaml(object))
    const wanted = expected
      .trim()
      .split(/^---\n/m)
      .map(text => `${text.trim()}\n`)
    const given = built.map(text => `${text.trim()}\n`)
    if (order === 'any') expect(given.toSorted()).toEqual(wanted.toSorted())
    else expect(given.join('---\n')).toBe(wanted.join('---\n'))
  })
})

const apps = fileURLToPath(new URL('../../../../shared/corpus/apps', import.meta.url))
const folders = existsSync(apps)
  ? filesBelow(apps).flatMap(path => (path.endsWith('/kustomization.yaml') ? [dirname(path)] : []))
  : []

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(apps.length + 1))
}

// What others' repositories hold, built by kubectl itself.
describeWith(['corpus', 'kubectl'], 'as kubectl kustomize', () => {
  test.each(folders)('%s', folder => {
    const tree = memoryTree(Object.fromEntries(filesBelow(apps).map(path => [path, readFileSync(join(apps, path))])))
    const kubectl = spawnSync('kubectl', ['kustomize', join(apps, folder)], { encoding: 'utf8', timeout: 20_000 })
    const build = (): string =>
      buildKustomization(tree, folder)
        .resources.map(({ object }) => writeKubectlYaml(object))
        .join('---\n')
    if (kubectl.status === 0) expect(build()).toBe(kubectl.stdout)
    else expect(build).toThrow()
  })
})
