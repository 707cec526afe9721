import { expect, test } from 'vitest'
import type { Release } from '../../api/types.ts'
import { releasePrinter } from './release.ts'

const release = (chart: Release['spec']['chart'], status?: Release['status']): Release => ({
  apiVersion: 'gantry.dev/v1',
  kind: 'Release',
  metadata: { name: 'web', namespace: 'apps', creationTimestamp: '2026-11-20T19:00:00Z' },
  spec: { chart, releaseName: 'web', targetNamespace: 'shop' },
  ...(status === undefined ? {} : { status }),
})

test('the columns of a release', () => {
  expect(releasePrinter.columns.map(({ name }) => name)).toEqual([
    'Name',
    'Chart',
    'Version',
    'Status',
    'Namespace',
    'Repository',
    'Age',
  ])
})

test.each<[string, Release, readonly unknown[]]>([
  [
    'of a chart of the branch',
    release({ path: 'charts/web' }, { phase: 'deployed' }),
    ['web', 'charts/web', '<none>', 'deployed', 'shop', '<none>', '10m'],
  ],
  [
    'of a repository',
    release({ repository: 'https://example.com', name: 'redis', version: '^18' }, { phase: 'failed' }),
    ['web', 'redis', '^18', 'failed', 'shop', 'https://example.com', '10m'],
  ],
  [
    'of which nothing is known yet',
    release({ oci: 'oci://example.com/redis', version: '1.x' }),
    ['web', 'oci://example.com/redis', '1.x', '<none>', 'shop', '<none>', '10m'],
  ],
])('%s', (_, given, cells) => {
  expect(releasePrinter.cells(given, Date.parse('2026-11-20T19:10:00Z'))).toEqual(cells)
})
