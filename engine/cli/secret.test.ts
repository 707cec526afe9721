/** The commands as they are run, on files of the disk. */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { sealedText, testKeyFile } from '../render/sops/sealed.fixture.ts'

const gantry = fileURLToPath(new URL('../../dist/gantry.js', import.meta.url))
const recipient = 'age1ha8rrrx9czq5d609d50tspfxkf5myk7njwvrjvdu4supa98qhvjqza4zxm'
const secret =
  'apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\nstringData:\n  # of the database\n  password: hunter2\n'

// Each starts Gantry several times, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-secret-test-'))
  mkdirSync(join(folder, 'run'))
  write('s.yaml', secret)
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Output> {
  const clean = { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run'), ...env }
  return new Promise(resolve => {
    execFile(program, [...args], { cwd: folder, env: clean }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

const cli = (...args: readonly string[]): Promise<Output> => run(process.execPath, [gantry, ...args])
const withKey = ['--age-key-file', testKeyFile]

async function encrypted(): Promise<string> {
  expect(await cli('secret', 'encrypt', '-i', '--age', recipient, 's.yaml')).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  return read('s.yaml')
}

test('encrypt, decrypt: of a Secret the values alone, and the file as it was', async () => {
  const text = await encrypted()
  expect(text.split('\n').slice(0, 5)).toEqual(secret.split('\n').slice(0, 5))
  expect(text).toContain('encrypted_regex: ^(data|stringData)$')
  expect(text).not.toMatch(/hunter2|database/)
  expect(await cli('secret', 'decrypt', ...withKey, 's.yaml')).toEqual({ code: 0, stdout: secret, stderr: '' })
  await cli('secret', 'decrypt', ...withKey, '--output', 'plain.yaml', 's.yaml')
  expect([read('plain.yaml'), statSync(join(folder, 'plain.yaml')).mode & 0o777]).toEqual([secret, 0o600])
})

test('for whom and what: a rule of .sops.yaml, from any folder', async () => {
  write(
    '.sops.yaml',
    `creation_rules:\n  - path_regex: ^deep/.*\\.yaml$\n    age: ${recipient}\n    encrypted_suffix: _x\n`,
  )
  mkdirSync(join(folder, 'deep'))
  write('deep/a.yaml', 'a_x: hunter2\nb: shown\n')
  const { stdout } = await cli('secret', 'encrypt', 'deep/a.yaml')
  expect(stdout).toMatch(/^a_x: ENC\[.*\]\nb: shown\nsops:\n[^]*encrypted_suffix: _x\n/)
})

test('keygen: a key where sops looks for it, for its owner alone, and never over another', async () => {
  const made = await cli('secret', 'keygen')
  const path = join(folder, '.config/sops/age/keys.txt')
  expect(made.stdout).toMatch(/^age1[a-z0-9]{58}\n$/)
  expect(made.stderr).toBe(`gantry: wrote ${path}; keep a copy where the repository is not\n`)
  expect([statSync(path).mode & 0o777, statSync(join(path, '..')).mode & 0o777]).toEqual([0o600, 0o700])
  const before = readFileSync(path, 'utf8')
  expect(await cli('secret', 'keygen')).toEqual({
    code: 1,
    stdout: '',
    stderr: `gantry: ${path} exists, and a key that is lost opens nothing; name another file with -o\n`,
  })
  expect(readFileSync(path, 'utf8')).toBe(before)
  await cli('secret', 'encrypt', '-i', '--age', made.stdout.trim(), 's.yaml')
  expect((await cli('secret', 'decrypt', 's.yaml')).stdout).toBe(secret)
})

test('rotate: another data key, for other people', async () => {
  const before = await encrypted()
  const { stdout } = await cli('secret', 'keygen', '-o', 'new.txt')
  const other = stdout.trim()
  const rotated = await cli('secret', 'rotate', ...withKey, '-i', '--add-age', other, '--rm-age', recipient, 's.yaml')
  expect(rotated).toEqual({ code: 0, stdout: '', stderr: '' })
  const values = (text: string): string[] => text.match(/ENC\[[^\]]*\]/g) ?? []
  expect(values(read('s.yaml')).filter(value => values(before).includes(value))).toEqual([])
  expect((await cli('secret', 'decrypt', ...withKey, 's.yaml')).stderr).toContain(`encrypted for ${other}, and none of`)
  expect((await cli('secret', 'decrypt', '--age-key-file', 'new.txt', 's.yaml')).stdout).toBe(secret)
})

describe('edit', () => {
  /** An editor that notes what it was given, leaves a copy behind, and changes a word. */
  const editor = (command: string, end = ''): string => {
    const path = join(folder, 'editor')
    writeFileSync(
      path,
      `#!/bin/sh\nstat -c %a "$(dirname "$1")" "$1" > seen\ncp "$1" "$1~"\necho "$SOPS_AGE_KEY" >> seen\n${command}\n${end}`,
    )
    chmodSync(path, 0o700)
    return path
  }
  const edit = (path: string): Promise<Output> =>
    run(process.execPath, [gantry, 'secret', 'edit', 's.yaml'], {
      EDITOR: path,
      SOPS_AGE_KEY: readFileSync(testKeyFile, 'utf8'),
    })

  test('what was changed is encrypted, and nothing plain is left', async () => {
    const before = await encrypted()
    expect(await edit(editor('sed -i s/hunter2/hunter3/ "$1"'))).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(read('seen')).toBe('700\n600\n\n')
    expect((await cli('secret', 'decrypt', ...withKey, 's.yaml')).stdout).toBe(secret.replace('hunter2', 'hunter3'))
    const lines = before.split('\n')
    const changed = read('s.yaml')
      .split('\n')
      .filter((line, index) => line !== lines[index])
    expect(changed.map(line => line.trim().split(':')[0]).filter(key => key !== 'lastmodified')).toEqual([
      'password',
      'mac',
    ])
    expect(readdirSync(join(folder, 'run'))).toEqual([])
  })

  test.each([
    { name: 'nothing was changed', command: ':', code: 0, stderr: 'gantry: s.yaml is unchanged\n' },
    {
      name: 'the editor fails',
      command: 'exit 3',
      code: 1,
      stderr: /^gantry: the editor \S+ ended with exit code 3: the file is as it was\n$/,
    },
    {
      name: 'it is no YAML any more',
      command: 'echo "a: [" > "$1"',
      code: 1,
      stderr: /^gantry: s\.yaml:\d+:\d+: not valid YAML/,
    },
    // A parent that is told to end while the editor runs.
    { name: 'it is ended', command: 'kill -TERM $PPID; sleep 1', code: 143, stderr: '' },
  ])('the file is as it was where $name', async ({ command, code, stderr }) => {
    const before = await encrypted()
    const output = await edit(editor(command))
    expect({ code: output.code, stdout: output.stdout }).toEqual({ code, stdout: '' })
    expect(output.stderr).toEqual(typeof stderr === 'string' ? stderr : expect.stringMatching(stderr))
    expect(read('s.yaml')).toBe(before)
    expect(readdirSync(join(folder, 'run'))).toEqual([])
  })
})

test.each<{ name: string; args: string[]; prepare?: () => Promise<unknown>; code: number; stderr: string }>([
  {
    name: 'nobody to encrypt for',
    args: ['encrypt', 's.yaml'],
    code: 2,
    stderr: 'nothing says for whom to encrypt s.yaml; name age recipients with --age, or in a rule of .sops.yaml',
  },
  {
    name: 'a recipient that is none',
    args: ['encrypt', '--age', 'age1x', 's.yaml'],
    code: 1,
    stderr: '"age1x" is no age recipient; write age1…, the public key that gantry secret keygen prints',
  },
  {
    name: 'nothing to encrypt',
    args: ['encrypt', '--age', recipient, '--encrypted-regex', 'zzz', 's.yaml'],
    code: 1,
    stderr: 's.yaml has no value that encrypted_regex "zzz" selects; name others with --encrypted-regex',
  },
  {
    name: 'a file that is encrypted already',
    args: ['encrypt', '--age', recipient, 's.yaml'],
    prepare: encrypted,
    code: 1,
    stderr: 's.yaml is encrypted already; gantry secret edit changes it',
  },
  {
    name: 'a file that is not encrypted',
    args: ['decrypt', 's.yaml'],
    code: 1,
    stderr: 's.yaml is not encrypted; gantry secret encrypt encrypts it',
  },
  { name: 'no file', args: ['decrypt', 'none.yaml'], code: 1, stderr: 'none.yaml does not exist' },
  {
    name: 'no key',
    args: ['decrypt', 's.yaml'],
    prepare: encrypted,
    code: 1,
    stderr: `s.yaml: the file is encrypted for ${recipient}, and no age key is given; give the key of one of these age recipients: --age-key-file, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY`,
  },
  {
    name: 'a key file that is not there',
    args: ['decrypt', '--age-key-file', 'none.txt', 's.yaml'],
    prepare: encrypted,
    code: 1,
    stderr: 'the age identities in none.txt cannot be read (ENOENT); name another file with --age-key-file',
  },
  {
    name: 'a file for keys of other kinds too',
    args: ['rotate', ...withKey, 's.yaml'],
    prepare: async () =>
      write('s.yaml', (await sealedText(secret)).replace('sops:\n', 'sops:\n  pgp:\n    - fp: FBC7\n')),
    code: 1,
    stderr:
      's.yaml is encrypted for pgp FBC7 too, for which Gantry cannot encrypt; change it with sops, or decrypt it and encrypt it for age recipients alone',
  },
])('$name', async ({ args, prepare, code, stderr }) => {
  await prepare?.()
  const before = read('s.yaml')
  const output = await cli('secret', ...args)
  expect(output).toEqual({ code, stdout: '', stderr: expect.stringContaining(`gantry: ${stderr}`) })
  expect(read('s.yaml')).toBe(before)
})

test('validate and render without the key', async () => {
  const sealed = await encrypted()
  mkdirSync(join(folder, 'repo'))
  write('repo/s.yaml', sealed)
  const checked = await cli('validate', 'repo')
  expect([checked.code, checked.stdout.split('\n').at(-2)]).toEqual([0, '1 valid object, 0 errors, 1 warning'])
  const rendered = await cli('render', 'repo')
  expect([rendered.code, rendered.stdout]).toEqual([1, ''])
  expect((await cli('render', ...withKey, 'repo')).stdout).toContain(Buffer.from('hunter2').toString('base64'))
})

describeWith(['sops'], 'sops, with the files of gantry secret', () => {
  const sops = (...args: readonly string[]): Promise<Output> => run('sops', args, { SOPS_AGE_KEY_FILE: testKeyFile })

  test('opens what gantry encrypted, and the other way round', async () => {
    await encrypted()
    expect((await sops('--decrypt', 's.yaml')).stdout.replaceAll('    ', '  ')).toBe(secret)
    write('t.yaml', secret)
    expect((await sops('--encrypt', '--in-place', '--age', recipient, 't.yaml')).code).toBe(0)
    expect((await cli('secret', 'decrypt', ...withKey, 't.yaml')).stdout).toBe(secret)
  })

  test('rotates what gantry edited', async () => {
    await encrypted()
    copyFileSync(join(folder, 's.yaml'), join(folder, 'u.yaml'))
    expect((await sops('rotate', '--in-place', 'u.yaml')).code).toBe(0)
    expect((await cli('secret', 'decrypt', ...withKey, 'u.yaml')).stdout).toBe(secret)
    expect(existsSync(join(folder, 'run'))).toBe(true)
  })
})
