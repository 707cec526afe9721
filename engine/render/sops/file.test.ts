import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { compose } from '../compose.ts'
import { readYaml } from '../nodes.ts'
import { Lines, Unreadable } from '../source-text.ts'
import { readEncrypted, sealFile } from './file.ts'
import { formatOf, type Format } from './format.ts'
import { Identities, sealDataKey } from './identities.ts'
import type { Metadata } from './metadata.ts'
import { Opening } from './session.ts'

// Made by sops 3.9.4 for the key in key.txt; `.opened` is what sops -d gave of each.
const vectors = new URL('vectors/', import.meta.url)
const vector = (name: string): Buffer => readFileSync(new URL(name, vectors))
const keyFile = new URL('key.txt', vectors).pathname
let identities: Identities

beforeAll(async () => {
  identities = await Identities.read([{ name: 'key.txt', text: vector('key.txt').toString() }])
})

async function opened(bytes: Uint8Array, format: Format): Promise<Buffer> {
  const file = readEncrypted(bytes, format)
  if (file === undefined) throw new Error('not encrypted')
  const dataKey = await identities.unlock(file.metadata)
  if (!(dataKey instanceof Uint8Array)) throw new Error(dataKey.message)
  return Buffer.from(file.open(new Opening(file.metadata, dataKey)))
}

const sealedFiles = [
  { name: 'types.sops.yaml', format: 'yaml', plain: 'types.opened.yaml' },
  { name: 'secret.sops.yaml', format: 'yaml', plain: 'secret.opened.yaml' },
  { name: 'types.sops.json', format: 'json', plain: 'types.opened.json' },
  { name: 'lines.sops.env', format: 'dotenv', plain: 'lines.opened.env' },
  { name: 'bytes.sops.bin', format: 'binary', plain: 'bytes.bin' },
] as const

/** Two programs write the same values with other spaces, and numbers with other digits. */
function values(bytes: Buffer, format: Format): unknown {
  if (format === 'dotenv') return bytes.toString().trimEnd()
  if (format === 'binary') return bytes.toString('hex')
  return readYaml(bytes.toString()).map(document => compose(document).value)
}

test.each(sealedFiles)('$name, made by sops', async ({ name, format, plain }) => {
  expect(values(await opened(vector(name), format), format)).toEqual(values(vector(plain), format))
})

const rules: Pick<Metadata, 'selection' | 'macOnlyEncrypted'> = {
  selection: { rule: 'unencrypted_suffix', pattern: '_unencrypted' },
  macOnlyEncrypted: false,
}
const dataKey = Buffer.alloc(32, 7)

async function sealed(plain: Uint8Array, format: Format, given: Partial<typeof rules> = {}): Promise<Buffer> {
  const age = await sealDataKey(dataKey, [...identities.recipients])
  const metadata = { ...rules, ...given, age, others: [], lastmodified: '2026-01-02T03:04:05Z' }
  return Buffer.from(sealFile(plain, { format, dataKey, metadata }).bytes)
}

const secret = `# keys
apiVersion: v1
kind: Secret
metadata: {name: keys} # stays
stringData:
  # of the database
  password: hunter2 # not for you
  port: "5432"
  pem: |
    -----BEGIN X-----
    abc
    -----END X-----
  list:
  - a
  # in between
  - b
`
const dataOnly = { selection: { rule: 'encrypted_regex', pattern: '^(data|stringData)$' } } as const

describe('where comments say what is encrypted', () => {
  const plain = '# encrypt\npassword: hunter2\nuser: root\nempty: ""\nlist:\n- 1\n'
  const bySelection = { rule: 'encrypted_regex', pattern: '^(password|empty)$' } as const
  /** What sops writes differs in the rule alone. */
  const byComments = async (macOnlyEncrypted: boolean, rule = 'encrypted_comment_regex'): Promise<string> => {
    const text = (await sealed(Buffer.from(plain), 'yaml', { selection: bySelection, macOnlyEncrypted })).toString()
    return text.replace('encrypted_regex: ^(password|empty)$', `${rule}: encrypt`)
  }

  test.each([
    { macOnlyEncrypted: false, rule: 'encrypted_comment_regex' },
    { macOnlyEncrypted: true, rule: 'encrypted_comment_regex' },
    { macOnlyEncrypted: true, rule: 'unencrypted_comment_regex' },
  ])('a file is opened: $rule, MAC of a part: $macOnlyEncrypted', async ({ macOnlyEncrypted, rule }) => {
    const text = await byComments(macOnlyEncrypted, rule)
    expect(text).toContain(`${rule}: encrypt`)
    expect(text).not.toContain('hunter2')
    expect((await opened(Buffer.from(text), 'yaml')).toString()).toBe(plain)
  })

  test.each<{ name: string; change: (text: string) => string; refusal: RegExp }>([
    {
      name: 'plain text in its place',
      change: text => text.replace(/password: .*/, 'password: mine'),
      refusal: /MAC does not fit/,
    },
    {
      name: 'a value in the place of another',
      change: text => text.replace(/password: (.*)\nuser: root/, 'password: x\nuser: $1'),
      refusal: /cannot be decrypted/,
    },
  ])('$name is found out', async ({ change, refusal }) => {
    for (const macOnlyEncrypted of [true, false]) {
      await expect(opened(Buffer.from(change(await byComments(macOnlyEncrypted))), 'yaml')).rejects.toThrow(refusal)
    }
  })

  test('none is written', async () => {
    const selection = { rule: 'encrypted_comment_regex', pattern: 'encrypt' } as const
    await expect(sealed(Buffer.from(plain), 'yaml', { selection })).rejects.toThrow(
      'encrypted_comment_regex says what is encrypted: Gantry reads such files and writes none',
    )
  })
})

describe('sealed and opened', () => {
  test.each<{ name: string; plain: string | Buffer; format: Format; given?: Partial<typeof rules> }>([
    { name: 'YAML is as it was, with its comments', plain: secret, format: 'yaml' },
    { name: 'YAML of which a part is sealed', plain: secret, format: 'yaml', given: dataOnly },
    {
      name: 'YAML whose MAC is of a part',
      plain: secret,
      format: 'yaml',
      given: { ...dataOnly, macOnlyEncrypted: true },
    },
    { name: 'YAML of two documents', plain: `${secret}---\nsecond: 2\nempty:\nnone: ""\n`, format: 'yaml' },
    {
      name: 'YAML that looks like something else',
      plain: 'a: "yes"\nb: "012"\nc: " x"\nd: "2024-01-01"\n',
      format: 'yaml',
    },
    {
      name: 'JSON with keys that are numbers',
      plain: '{\n\t"b": 1,\n\t"10": [],\n\t"2": {\n\t\t"a": null\n\t}\n}\n',
      format: 'json',
    },
    { name: 'lines', plain: '# a\nA=1\n\nB=a=b\\nc\nC=\n', format: 'dotenv' },
    { name: 'bytes', plain: Buffer.from([0, 255, 254, 10]), format: 'binary' },
  ])('$name', async ({ plain, format, given }) => {
    const bytes = await sealed(Buffer.from(plain), format, given)
    expect(bytes.includes('hunter2')).toBe(false)
    expect((await opened(bytes, format)).toString('latin1')).toBe(Buffer.from(plain).toString('latin1'))
  })

  test('what is not selected stays readable', async () => {
    const lines = (await sealed(Buffer.from(secret), 'yaml', dataOnly)).toString().split('\n')
    expect(lines.slice(0, 5)).toEqual(secret.split('\n').slice(0, 5))
  })

  test('what was not changed keeps its ciphertext', async () => {
    const bytes = await sealed(Buffer.from(secret), 'yaml')
    const file = readEncrypted(bytes, 'yaml')
    if (file === undefined) throw new Error('not encrypted')
    const opening = new Opening(file.metadata, dataKey)
    const plain = Buffer.from(file.open(opening)).toString().replace('hunter2', 'hunter3')
    const metadata = { ...file.metadata, lastmodified: '2026-01-02T03:04:06Z' }
    const again = Buffer.from(
      sealFile(Buffer.from(plain), { format: 'yaml', dataKey, kept: opening.kept, metadata }).bytes,
    )
    const before = bytes.toString().split('\n')
    const changed = again
      .toString()
      .split('\n')
      .filter((line, index) => line !== before[index])
    expect(changed.map(line => line.trim().split(':')[0])).toEqual(['password', 'mac', 'lastmodified'])
  })
})

describe('refused with its place, and without the value', () => {
  const place = async (text: string, format: Format): Promise<string> => {
    const bytes = Buffer.from(text)
    try {
      await opened(bytes, format)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      const { line } = new Lines(text).at(error.offset ?? -1)
      return `${line} ${error.message}`
    }
    return 'nothing is wrong'
  }
  const changed = 'the value cannot be decrypted: it, its type or its path was changed'
  const mac = 'the MAC does not fit: a value, its order, or sops.mac itself was changed after the file was encrypted'
  const flipped = (text: string): string => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`)

  test.each<{ name: string; change: (text: string) => string; refusal: string }>([
    {
      name: 'a value',
      change: text => text.replace(/(password: ENC\[AES256_GCM,data:)(.{6})/, (_, a, b) => a + flipped(b)),
      refusal: `7 ${changed}`,
    },
    {
      name: 'its tag',
      change: text => text.replace(/(password: .*?tag:)(.{6})/, (_, a, b) => a + flipped(b)),
      refusal: `7 ${changed}`,
    },
    {
      name: 'its iv',
      change: text => text.replace(/(password: .*?iv:)(.{6})/, (_, a, b) => a + flipped(b)),
      refusal: `7 ${changed}`,
    },
    {
      name: 'a tag of fewer bytes',
      change: text => text.replace(/(password: .*?tag:)[^,]+/, '$1AAAA'),
      refusal: `7 ${changed}`,
    },
    {
      name: 'its type',
      change: text => text.replace(/(password: .*?type:)str/, '$1int'),
      refusal: '7 the value is no int, as it says that it is',
    },
    { name: 'its key', change: text => text.replace('password:', 'passwort:'), refusal: `7 ${changed}` },
    {
      name: 'a value in plain text',
      change: text => text.replace(/password: ENC.*/, 'password: mine'),
      refusal: '7 the value is not encrypted, although the file says that it is',
    },
    {
      name: 'a value that is not encrypted',
      change: text => text.replace('kind: Secret', 'kind: Other'),
      refusal: `23 ${mac}`,
    },
    { name: 'a value taken away', change: text => text.replace(/ {2}password: ENC.*\n/, ''), refusal: `22 ${mac}` },
    {
      name: 'a value added',
      change: text => text.replace('kind: Secret', 'kind: Secret\nextra: x'),
      refusal: `24 ${mac}`,
    },
    {
      name: 'the order',
      change: text => text.replace(/( {2}password: ENC.*\n)( {2}port: ENC.*\n)/, '$2$1'),
      refusal: `23 ${mac}`,
    },
    {
      name: 'the MAC',
      change: text => text.replace(/(mac: ENC\[AES256_GCM,data:)(.{6})/, (_, a, b) => a + flipped(b)),
      refusal: `23 ${mac}`,
    },
    { name: 'the time', change: text => text.replace('03:04:05Z', '03:04:06Z'), refusal: `23 ${mac}` },
    { name: 'which values', change: text => text.replace('^(data|stringData)$', '^(data)$'), refusal: `23 ${mac}` },
    {
      name: 'no MAC',
      change: text => text.replace(/ {2}mac: .*\n/, ''),
      refusal: '23 sops has no mac: nothing says that the values are those that were encrypted',
    },
    {
      name: 'several groups of keys',
      change: text => text.replace('sops:', 'sops:\n  shamir_threshold: 2'),
      refusal: '23 the file needs keys of several groups (key_groups), which Gantry does not support',
    },
  ])('$name', async ({ change, refusal }) => {
    const text = (
      await sealed(Buffer.from(secret.replace(/ {2}list:[^]*/, 'type: Opaque\n')), 'yaml', dataOnly)
    ).toString()
    const shifted = text.replace('\nsops:', '\n#\n#\n#\n#\n#\n#\n#\n#\n#\n#\n#\n#\nsops:')
    expect(await place(shifted, 'yaml')).toBe('nothing is wrong')
    expect(await place(change(shifted), 'yaml')).toBe(refusal)
  })

  test('a bit of any line of any format', async () => {
    for (const { name, format } of sealedFiles) {
      const text = vector(name).toString()
      for (const { index } of text.matchAll(/(?<=ENC\[AES256_GCM,data:|,iv:|,tag:)./g)) {
        const broken = text.slice(0, index) + flipped(text.slice(index))
        // A comment is left as it stands: nothing depends on it, and sops does the same.
        if (broken.slice(index).split(']')[0]?.endsWith('type:comment') === true) continue
        expect(await place(broken, format), `${name} at ${index}`).not.toBe('nothing is wrong')
      }
    }
  }, 60_000)
})

describe('who can open it', () => {
  test.each([
    {
      name: 'another age key',
      change: (text: string) => text.replace(/ {8}-----BEGIN[^]*?-----END AGE ENCRYPTED FILE-----/, '        damaged'),
      message: /^the file is encrypted for age1ha8r\w+, and none of the 1 age keys given opens it$/,
    },
    {
      name: 'no age key at all',
      change: (text: string) =>
        text.replace(/ {4}age:\n[^]*?(?= {4}lastmodified)/, '    age: []\n    pgp:\n        - fp: FBC7\n'),
      message: /^the file is encrypted for pgp FBC7, and none of the 1 age keys given opens it$/,
    },
  ])('$name', async ({ change, message }) => {
    await expect(opened(Buffer.from(change(vector('secret.sops.yaml').toString())), 'yaml')).rejects.toThrow(message)
  })

  test('a key beside others that are not supported', async () => {
    const text = vector('secret.sops.yaml').toString().replace('    pgp: []', '    pgp:\n        - fp: FBC7\n')
    expect(text).toContain('FBC7')
    expect((await opened(Buffer.from(text), 'yaml')).toString()).toContain('hunter2')
  })
})

describeWith(['sops'], 'sops itself', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-sops-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    { name: 'types.yaml', plain: 'types.opened.yaml' },
    { name: 'types.json', plain: 'types.opened.json' },
    { name: 'lines.env', plain: 'lines.opened.env' },
    { name: 'bytes.bin', plain: 'bytes.bin' },
  ])('opens our $name', async ({ name, plain }) => {
    const path = join(folder, name)
    const format = formatOf(name)
    writeFileSync(path, await sealed(vector(plain), format))
    const given = execFileSync('sops', ['--decrypt', path], { env: { ...process.env, SOPS_AGE_KEY_FILE: keyFile } })
    expect(values(given, format)).toEqual(values(vector(plain), format))
  })
})

describeWith(['age'], 'age itself', () => {
  test('opens a data key of ours', async () => {
    const [stanza] = await sealDataKey(dataKey, [...identities.recipients])
    expect(execFileSync('age', ['--decrypt', '--identity', keyFile], { input: stanza?.enc ?? '' })).toEqual(dataKey)
  })

  test('makes a data key that opens here', async () => {
    const [recipient = ''] = identities.recipients
    const enc = execFileSync('age', ['--encrypt', '--armor', '--recipient', recipient], { input: dataKey }).toString()
    expect(await identities.unlock({ age: [{ recipient, enc }], others: [] })).toEqual(Uint8Array.from(dataKey))
  })
})
