import { expect, test } from 'vitest'
import { RemoteFailure } from './failure.ts'
import { expectAllowed } from './hosts.ts'
import { type Locked, lockOf, pinOf, readLock, writeLock } from './lock.ts'

const digest = `sha256:${'ab'.repeat(32)}`
const entries: readonly Locked[] = [
  {
    remote: { kind: 'oci', oci: 'oci://ghcr.io/org/web', version: '1.2.3' },
    pin: { version: '1.2.3', digest },
  },
  {
    remote: { kind: 'chart', repository: 'https://charts.example.com', name: 'web', version: '>=1, <2' },
    pin: { version: '1.9.0', digest, url: 'https://charts.example.com/web-1.9.0.tgz' },
  },
  { remote: { kind: 'base', url: 'git@github.com:org/repo.git', ref: '' }, pin: { commit: 'a'.repeat(40) } },
  { remote: { kind: 'base', url: 'https://github.com/org/repo', ref: 'v1' }, pin: { commit: '0'.repeat(40) } },
  { remote: { kind: 'file', url: 'https://raw.example.com/a.yaml' }, pin: { digest } },
]
const text = `# Written by gantry vendor: what the charts and bases of this branch are. Commit it; do not edit it.
charts:
  - oci: oci://ghcr.io/org/web
    range: 1.2.3
    version: 1.2.3
    digest: ${digest}
  - repository: https://charts.example.com
    name: web
    range: '>=1, <2'
    version: 1.9.0
    digest: ${digest}
    url: https://charts.example.com/web-1.9.0.tgz
bases:
  - url: git@github.com:org/repo.git
    ref: ''
    commit: ${'a'.repeat(40)}
  - url: https://github.com/org/repo
    ref: v1
    commit: '${'0'.repeat(40)}'
files:
  - url: https://raw.example.com/a.yaml
    digest: ${digest}
`

test('a lock is written in one order, and read back whole', () => {
  expect(writeLock(lockOf(entries))).toBe(text)
  expect(writeLock(lockOf(entries.toReversed()))).toBe(text)
  expect([...readLock(text).values()]).toEqual(entries)
  expect(readLock(writeLock(lockOf([])))).toEqual(new Map())
})

test('what is not in it is said, with the remedy', () => {
  const attempt = (): unknown => pinOf({ kind: 'base', url: 'https://github.com/org/repo', ref: 'v2' }, lockOf(entries))
  expect(attempt).toThrow(
    new RemoteFailure(
      'NotLocked',
      'gantry.lock does not say what base https://github.com/org/repo at v2 is',
      'run gantry vendor, and commit gantry.lock',
    ),
  )
})

test.each([
  ['a conflict', '<<<<<<< HEAD\ncharts: []\n=======\n'],
  ['a list', '[]'],
  ['an unknown part', 'images: []'],
  ['no list', 'charts: web'],
  ['no digest', 'files: [{url: https://a.example/b.yaml}]'],
  ['a short digest', 'files: [{url: https://a.example/b.yaml, digest: sha256:ab}]'],
  ['a url that is not fetched', `files: [{url: 'file:///etc/passwd', digest: '${digest}'}]`],
  ['a commit that is none', "bases: [{url: https://a.example/b, ref: '', commit: --upload-pack=x}]"],
  ['more than anybody wrote', `# ${'x'.repeat(1 << 20)}`],
  ['keys of a prototype', 'charts: [{__proto__: {oci: a}}]'],
])('%s is refused', (_, lock) => {
  expect(() => readLock(lock)).toThrow(/^gantry.lock is not as gantry vendor writes it: /)
})

test.each<{ address: string; hosts: string[]; allowed: boolean }>([
  { address: 'https://ghcr.io/v2/', hosts: [], allowed: false },
  { address: 'https://ghcr.io/v2/', hosts: ['ghcr.io'], allowed: true },
  { address: 'https://ghcr.io:443/v2/', hosts: ['ghcr.io:443'], allowed: true },
  { address: 'https://ghcr.io:8443/v2/', hosts: ['ghcr.io'], allowed: false },
  { address: 'https://ghcr.io.evil.example/', hosts: ['ghcr.io'], allowed: false },
  { address: 'https://sub.ghcr.io/', hosts: ['ghcr.io'], allowed: false },
  { address: 'http://127.0.0.1:5000/', hosts: ['127.0.0.1'], allowed: false },
  { address: 'http://127.0.0.1:5000/', hosts: ['127.0.0.1:5000'], allowed: true },
  { address: 'http://2130706433:5000/', hosts: ['2130706433:5000'], allowed: false },
  { address: 'git@github.com:org/repo.git', hosts: ['github.com'], allowed: true },
  { address: 'ssh://git@git.example.com:22/r', hosts: ['git.example.com'], allowed: true },
  { address: 'ssh://git@git.example.com:7999/r', hosts: ['git.example.com'], allowed: false },
])('$address where the hosts are $hosts', ({ address, hosts, allowed }) => {
  const attempt = (): unknown => expectAllowed(address, hosts)
  if (allowed) expect(attempt).not.toThrow()
  else expect(attempt).toThrow(/is not among the hosts that gantry.yaml allows/)
})
