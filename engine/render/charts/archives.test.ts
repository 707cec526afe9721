import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatProblem } from '../../api/problem.ts'
import { chartArchive } from '../../remotes/servers.fixture.ts'
import { createRenderer, type Renderer } from '../renderer.ts'
import type { UnitTrace } from '../trace.ts'
import { treeOf, type Contents } from '../tree.fixture.ts'

type Files = Readonly<Record<string, Contents>>

let renderer: Renderer
let traces: UnitTrace[] = []
beforeAll(() => {
  renderer = createRenderer({ workers: 1, onUnit: trace => traces.push(trace) })
})
afterAll(() => renderer.close())

/** The ConfigMaps that a release of the chart `c` gives, with their places, and what is wrong. */
async function render(files: Files): Promise<string[]> {
  traces = []
  const release = 'apiVersion: gantry.dev/v1\nkind: Release\nmetadata: { name: r }\nspec: { chart: { path: c } }\n'
  const { manifests, problems } = await renderer.render({ ...treeOf({ 'r.yaml': release, ...files }), time: 0 })
  return [
    ...manifests.flatMap(({ object, origin }) =>
      object.kind === 'ConfigMap'
        ? `${origin.file}:${origin.line} ${object.metadata.name} ${JSON.stringify(Reflect.get(object, 'data'))}`
        : [],
    ),
    ...problems.map(formatProblem),
  ]
}

const chart = (...dependencies: string[]): string =>
  `apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [${dependencies.join()}]\n`
const map = (name: string, value: string): string =>
  `# made by ${name}\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata:\n  x: ${value}\n`
const template = { 'values.yaml': 'x: default\n', 'templates/map.hbs': map('{{Chart.Name}}', '{{quote Values.x}}') }

describe('an archive in charts/', () => {
  test('is read like a folder, with the values that are its own', async () => {
    const files = {
      'c/Chart.yaml': chart('{ name: sub, version: ^1.0.0, repository: "https://example.com" }'),
      'c/values.yaml': 'sub: { x: given }\n',
      'c/charts/sub-1.2.0.tgz': await chartArchive('sub', '1.2.0', template),
      'c/charts/other-0.1.0.tar.gz': await chartArchive('other', '0.1.0', template),
    }
    expect(await render(files)).toEqual([
      'c/charts/sub-1.2.0.tgz!/templates/map.hbs:2 sub {"x":"given"}',
      'c/charts/other-0.1.0.tar.gz!/templates/map.hbs:2 other {"x":"default"}',
    ])
  })

  test('is the version that Chart.yaml asks for', async () => {
    const both = {
      'c/charts/sub-1.2.0.tgz': await chartArchive('sub', '1.2.0', template),
      'c/charts/sub-2.0.0.tgz': await chartArchive('sub', '2.0.0', template),
    }
    expect(await render({ 'c/Chart.yaml': chart('{ name: sub, version: 2.x }'), ...both })).toEqual([
      'c/charts/sub-2.0.0.tgz!/templates/map.hbs:2 sub {"x":"default"}',
    ])
    expect(await render({ 'c/Chart.yaml': chart('{ name: sub, version: 3.x }'), ...both })).toEqual([
      'c/Chart.yaml:4:16: error: the dependency sub 3.x is not in charts/, only 1.2.0 and 2.0.0; put the chart into c/charts/sub, or run helm dependency update',
    ])
  })

  test('may hold another, and reaches for nothing outside', async () => {
    const inner = { 'charts/inner-1.0.0.tgz': await chartArchive('inner', '1.0.0', template) }
    const reaching = 'apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{ name: b, repository: "file://../b" }]\n'
    expect(
      await render({ 'c/Chart.yaml': chart(), 'c/charts/a-1.0.0.tgz': await chartArchive('a', '1.0.0', inner) }),
    ).toEqual(['c/charts/a-1.0.0.tgz!/charts/inner-1.0.0.tgz!/templates/map.hbs:2 inner {"x":"default"}'])
    expect(
      await render({
        'c/Chart.yaml': chart(),
        'c/charts/a-1.0.0.tgz': await chartArchive('a', '1.0.0', { 'Chart.yaml': reaching }),
        'c/charts/b/Chart.yaml': 'apiVersion: v2\nname: b\nversion: 1.0.0\n',
      }),
    ).toEqual([
      'c/charts/a-1.0.0.tgz!/Chart.yaml:4:16: error: the dependency b is not in charts/; pack a-1.0.0.tgz again with its dependencies: helm package --dependency-update',
    ])
  })

  test('is told of by the line inside it', async () => {
    const wrong = { 'templates/map.hbs': map('sub', '{{Values.missing}}') }
    expect(
      await render({ 'c/Chart.yaml': chart(), 'c/charts/sub-1.0.0.tgz': await chartArchive('sub', '1.0.0', wrong) }),
    ).toEqual([
      'c/charts/sub-1.0.0.tgz!/templates/map.hbs:6:8: error: Values.missing is not there: Values has no missing; give it in the values, or write (default … Values.missing)',
    ])
  })

  test('is read again when it changed, and not when it did not', async () => {
    const archive = await chartArchive('sub', '1.0.0', template)
    const changed = await chartArchive('sub', '1.0.0', { ...template, 'values.yaml': 'x: changed\n' })
    const files = { 'c/Chart.yaml': chart(), 'c/charts/sub-1.0.0.tgz': archive }
    const caches = (): readonly string[] => traces.flatMap(({ unit, cache }) => (unit === 'r.yaml' ? cache : []))
    await render(files)
    await render({ ...files, 'other.yaml': map('other', '"1"') })
    expect(caches()).not.toContain('miss')
    expect(await render({ ...files, 'c/charts/sub-1.0.0.tgz': changed })).toEqual([
      'c/charts/sub-1.0.0.tgz!/templates/map.hbs:2 sub {"x":"changed"}',
    ])
  })

  test.each<{ name: string; archive: () => Buffer | Promise<Buffer>; why: string }>([
    { name: 'is no archive', archive: () => Buffer.from('sub'), why: 'incorrect header check' },
    {
      name: 'leads outside',
      archive: () => chartArchive('sub', '1.0.0', { '../../evil.yaml': 'x' }),
      why: '"sub/../../evil.yaml" is no path inside it',
    },
    {
      name: 'is a bomb',
      archive: () => chartArchive('sub', '1.0.0', Object.fromEntries(bomb)),
      why: 'it unpacks to more than 100 MiB',
    },
  ])('is refused where it $name', async ({ archive, why }) => {
    expect(await render({ 'c/Chart.yaml': chart(), 'c/charts/sub-1.0.0.tgz': await archive() })).toEqual([
      `c/charts/sub-1.0.0.tgz: error: the archive of sub-1.0.0.tgz is refused: ${why}; vendor the chart again: helm dependency update`,
    ])
  })
})

const bomb = Array.from({ length: 26 }, (_, index) => [`files/${index}`, Buffer.alloc(4 << 20)] as const)
