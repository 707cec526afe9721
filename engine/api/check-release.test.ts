import { expect, test } from 'vitest'
import { checkObject } from './check.ts'
import { type FieldPath, fieldText } from './report.ts'

const locate = (path: FieldPath, target: 'key' | 'value') => ({
  file: `${target} ${fieldText(path)}`,
  line: 1,
  column: 1,
})
const fromRepository = { repository: 'https://charts.example.com/stable', name: 'web', version: '^1.2' }

function check(spec: unknown, metadata: object = { name: 'web', namespace: 'shop' }) {
  return checkObject(
    { apiVersion: 'gantry.dev/v1', kind: 'Release', metadata, spec },
    { locate, defaultNamespace: 'default' },
  )
}

test('what is not written is as the defaults have it', () => {
  const spec = {
    chart: fromRepository,
    values: { replicas: 2, gone: null },
    valuesFrom: [
      { file: 'values/prod.yaml' },
      { kind: 'Secret', name: 'keys', targetPath: 'auth.key', optional: true },
    ],
    dependsOn: [{ name: 'db' }, { name: 'mesh', namespace: 'system' }],
  }
  expect(check(spec)).toEqual({
    disposition: 'run',
    problems: [],
    object: {
      apiVersion: 'gantry.dev/v1',
      kind: 'Release',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        ...spec,
        releaseName: 'web',
        targetNamespace: 'shop',
        valuesFrom: [
          { file: 'values/prod.yaml' },
          { kind: 'Secret', name: 'keys', valuesKey: 'values.yaml', targetPath: 'auth.key', optional: true },
        ],
        dependsOn: [
          { name: 'db', namespace: 'shop' },
          { name: 'mesh', namespace: 'system' },
        ],
      },
    },
  })
})

test.each<{ name: string; spec: unknown; metadata?: object; problems: string[][] }>([
  {
    name: 'no chart',
    spec: {},
    problems: [['value spec', 'spec.chart is required', 'add chart']],
  },
  {
    name: 'a chart from nowhere',
    spec: { chart: {} },
    problems: [['value spec.chart', 'spec.chart must have the place of the chart', 'add one of path, repository, oci']],
  },
  {
    name: 'a chart from two places',
    spec: { chart: { path: 'charts/web', oci: 'oci://ghcr.io/org/web', version: '1.0.0' } },
    problems: [
      ['key spec.chart.oci', 'spec.chart.oci must not stand beside path', 'keep one of path, oci'],
      ['key spec.chart.version', 'spec.chart.version must not stand beside path', 'remove it'],
    ],
  },
  {
    name: 'a repository without name and version',
    spec: { chart: { repository: 'https://charts.example.com' } },
    problems: [
      ['value spec.chart', 'spec.chart.name is required beside repository', 'add name'],
      ['value spec.chart', 'spec.chart.version is required beside repository', 'add version'],
    ],
  },
  {
    name: 'what could be fetched by anybody on the way',
    spec: { chart: { ...fromRepository, repository: 'http://charts.example.com' } },
    problems: [
      [
        'value spec.chart.repository',
        'spec.chart.repository must be an https URL without a password in it, as in https://charts.example.com/stable, not "http://charts.example.com"',
        '',
      ],
    ],
  },
  {
    name: 'no version',
    spec: { chart: { oci: 'oci://ghcr.io/org/web', version: 'latest' } },
    problems: [
      [
        'value spec.chart.version',
        'spec.chart.version must be a version or a range of versions, as in 1.2.3, ^1.2, ~1.2.3 or ">=1.2 <3", not "latest"',
        '',
      ],
    ],
  },
  {
    name: 'a chart outside the repository',
    spec: { chart: { path: '../charts/web' } },
    problems: [
      [
        'value spec.chart.path',
        'spec.chart.path must be a folder of the repository, without "..", not "../charts/web"',
        '',
      ],
    ],
  },
  {
    name: 'values from nowhere, from two places, and a file with a key',
    spec: {
      chart: fromRepository,
      valuesFrom: [{}, { file: 'a.yaml', kind: 'Secret', name: 'a' }, { file: 'a.yaml', valuesKey: 'b' }],
    },
    problems: [
      ['value spec.valuesFrom[0]', 'spec.valuesFrom[0] must have the place of the values', 'add one of file, kind'],
      ['key spec.valuesFrom[1].kind', 'spec.valuesFrom[1].kind must not stand beside file', 'keep one of file, kind'],
      [
        'key spec.valuesFrom[2].valuesKey',
        'spec.valuesFrom[2].valuesKey must not stand beside file, which is read whole',
        'remove it',
      ],
    ],
  },
  {
    name: 'values that are no map',
    spec: { chart: fromRepository, values: ['a'] },
    problems: [['value spec.values', 'spec.values must be a map of names to values, not a list', '']],
  },
  {
    name: 'a Release that waits for itself, and twice for another',
    spec: { chart: fromRepository, dependsOn: [{ name: 'web' }, { name: 'db' }, { name: 'db', namespace: 'shop' }] },
    problems: [
      [
        'value spec.dependsOn[2].name',
        'spec.dependsOn[2].name must be unique: another dependency has "shop/db" too',
        '',
      ],
      ['value spec.dependsOn[0].name', 'spec.dependsOn[0].name must not be the Release itself', 'remove it'],
    ],
  },
  {
    name: 'a name that is too long for a release',
    spec: { chart: fromRepository },
    metadata: { name: 'w'.repeat(54) },
    problems: [
      [
        'value metadata.name',
        `metadata.name gives the release its name, of up to 53 lower-case letters, digits and hyphens, not "${'w'.repeat(54)}"`,
        'write spec.releaseName, or a shorter name',
      ],
    ],
  },
])('$name', ({ spec, metadata, problems }) => {
  const checked = check(spec, metadata)
  expect({
    object: checked.object,
    problems: checked.problems.map(({ file, message, remedy = '' }) => [file, message, remedy]),
  }).toEqual({ object: undefined, problems })
})

test.each([
  ['helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'write a Release (gantry.dev/v1) with the same chart and values'],
  ['argoproj.io/v1alpha1', 'Application', 'follow its folder, or write a Release (gantry.dev/v1) for its chart'],
  ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'follow its folder: a kustomization.yaml there is built'],
])("%s %s is another program's, and what to write is said", (apiVersion, kind, advice) => {
  const { problems } = checkObject(
    { apiVersion, kind, metadata: { name: 'web' }, spec: {} },
    { locate, defaultNamespace: 'default' },
  )
  expect(problems.map(({ severity, file, remedy }) => [severity, file, remedy])).toEqual([
    ['error', 'value kind', `${advice}, or set the annotation gantry.dev/ignore: "true" to leave it out`],
  ])
})
