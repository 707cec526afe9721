import { expect, test } from 'vitest'
import { checkSettings } from './check-settings.ts'
import { fieldText } from './report.ts'
import { defaultSettings } from './settings.ts'

const locate = (path: readonly (string | number)[]) => ({ file: `gantry.yaml ${fieldText(path)}`, line: 1, column: 1 })
const head = { apiVersion: 'gantry.dev/v1', kind: 'Cluster' }

test('what is not written is as the defaults have it', () => {
  expect(checkSettings(head, { locate })).toEqual({ settings: defaultSettings, problems: [] })
  const written = {
    ...head,
    metadata: { name: 'home' },
    spec: { paths: ['apps'], guards: { minDeletions: 1 }, nodes: { unreachableTolerationSeconds: 60 } },
  }
  expect(checkSettings(written, { locate })).toEqual({
    settings: {
      ...written,
      spec: {
        ...written.spec,
        guards: { maxDeletionPercent: 50, minDeletions: 1 },
        trustedSigners: [],
        nodes: { ...defaultSettings.spec.nodes, unreachableTolerationSeconds: 60 },
        secrets: 'any',
        network: { encryption: 'none' },
        policy: { starter: {}, registries: [], rules: [] },
        remotes: { hosts: [] },
      },
    },
    problems: [],
  })
})

test.each<{ name: string; value: unknown; expected: string }>([
  { name: 'nothing', value: null, expected: 'the manifest must be an object of kind Cluster, not null' },
  {
    name: 'another kind',
    value: { ...head, kind: 'ConfigMap' },
    expected: 'kind must be Cluster in gantry.yaml, not "ConfigMap"',
  },
  { name: 'no version', value: { kind: 'Cluster' }, expected: 'apiVersion is required' },
  {
    name: 'a misspelt field',
    value: { ...head, spec: { path: ['.'] } },
    expected: 'spec.path is not a field of a ClusterSpec',
  },
  {
    name: 'a path that leaves',
    value: { ...head, spec: { paths: ['../x'] } },
    expected: 'spec.paths[0] must be a folder of the repository, without "..", not "../x"',
  },
  {
    name: 'more than all',
    value: { ...head, spec: { guards: { maxDeletionPercent: 101 } } },
    expected: 'spec.guards.maxDeletionPercent must be a whole number from 0 to 100, not 101',
  },
  {
    name: 'encryption of a kind that there is not',
    value: { ...head, spec: { network: { encryption: 'ipsec' } } },
    expected: 'spec.network.encryption must be one of none, wireguard, not "ipsec"',
  },
  {
    name: 'a host with what follows it',
    value: { ...head, spec: { remotes: { hosts: ['ghcr.io', 'https://charts.example.com/stable'] } } },
    expected:
      'spec.remotes.hosts[1] must be a host as in ghcr.io or charts.example.com:8443, in lower case, not "https://charts.example.com/stable"',
  },
  {
    name: 'secrets neither encrypted nor any',
    value: { ...head, spec: { secrets: 'plain' } },
    expected: 'spec.secrets must be one of any, encrypted, not "plain"',
  },
  {
    name: 'a key that is none',
    value: { ...head, spec: { trustedSigners: ['me'] } },
    expected: 'spec.trustedSigners[0] must be a public SSH key as in authorized_keys, not "me"',
  },
])('$name', ({ value, expected }) => {
  const { settings, problems } = checkSettings(value, { locate })
  expect({ settings, messages: problems.map(({ message }) => message) }).toEqual({
    settings: undefined,
    messages: [expected],
  })
})
