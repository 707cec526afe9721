import { expect, test } from 'vitest'
import { readAddress } from './address.ts'
import { RemoteFailure } from './failure.ts'

const base = (url: string, ref: string, path: string) => ({ remote: { kind: 'base', url, ref }, path })
const file = (url: string, path: string) => ({ remote: { kind: 'file', url }, path })

test.each<{ text: string; expected: unknown }>([
  { text: '../base', expected: undefined },
  { text: 'deployment.yaml', expected: undefined },
  { text: 'ext::sh -c date', expected: undefined },
  { text: 'github.com', expected: undefined },
  { text: 'github.community/x', expected: undefined },
  {
    text: 'https://github.com/org/repo//deploy/base?ref=v1.2.0',
    expected: base('https://github.com/org/repo', 'v1.2.0', 'deploy/base'),
  },
  { text: 'github.com/org/repo/deploy?ref=main', expected: base('https://github.com/org/repo', 'main', 'deploy') },
  { text: 'GitHub.com:org/repo', expected: base('https://github.com/org/repo', '', '') },
  { text: 'http://github.com/org/repo', expected: base('https://github.com/org/repo', '', '') },
  {
    text: 'git::https://git.example.com/a/b/c.git/x/y/?version=v2&timeout=90s',
    expected: base('https://git.example.com/a/b/c.git', 'v2', 'x/y'),
  },
  {
    text: 'https://git.example.com/group/sub/repo//base/?ref=feature/x',
    expected: base('https://git.example.com/group/sub/repo', 'feature/x', 'base'),
  },
  {
    text: 'git@github.com:org/repo.git//base?ref=v1',
    expected: base('git@github.com:org/repo.git', 'v1', 'base'),
  },
  { text: 'git@git.example.com:org/repo/base', expected: base('git@git.example.com:org/repo', '', 'base') },
  {
    text: 'ssh://git@git.example.com:7999/org/repo.git?ref=abc',
    expected: base('ssh://git@git.example.com:7999/org/repo.git', 'abc', ''),
  },
  {
    text: 'https://dev.example.com/collection/project/_git/repo/dir?version=v1',
    expected: base('https://dev.example.com/collection/project/_git/repo', 'v1', 'dir'),
  },
  {
    text: 'https://raw.githubusercontent.com/org/repo/v1/install.yaml',
    expected: file('https://raw.githubusercontent.com/org/repo/v1/install.yaml', 'install.yaml'),
  },
  {
    text: 'https://github.com/org/repo/releases/download/v1/crds.yml',
    expected: file('https://github.com/org/repo/releases/download/v1/crds.yml', 'crds.yml'),
  },
  {
    text: 'https://github.com/org/repo/deploy/app.yaml?ref=v1',
    expected: base('https://github.com/org/repo', 'v1', 'deploy/app.yaml'),
  },
  { text: 'http://127.0.0.1:8080/r.git//a?ref=b', expected: base('http://127.0.0.1:8080/r.git', 'b', 'a') },
])('$text', ({ text, expected }) => {
  expect(readAddress(text)).toEqual(expected)
})

test.each([
  'http://git.example.com/org/repo',
  'http://files.example.com/a.yaml',
  'https://user:secret@git.example.com/org/repo',
  'https://user:secret@files.example.com/a.yaml',
  'file:///srv/git/repo.git',
  'git::ext::sh -c date',
  'git::/srv/git/repo.git',
  'git@-oProxyCommand=date:x/y',
  'ssh://-oProxyCommand=date/x/y',
  'ssh://git@host/-x',
  'https://git.example.com/org/repo?ref=--upload-pack=date',
  'https://git.example.com/org/repo?ref=a*',
  'https://git.example.com/org/repo?ref=a%0ab',
  'ftp://x/y',
])('%s is not fetched', text => {
  const attempt = (): unknown => readAddress(text)
  expect(attempt).toThrow(RemoteFailure)
  expect(attempt).not.toThrow(/secret/)
})
