/** Encrypted files on their way through the renderer: opened for Secrets, refused for all else, and never kept. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatProblem } from '../api/problem.ts'
import { createRenderer, type Rendered, type Renderer } from './renderer.ts'
import { createKeyRing, type KeyRing } from './sops/key-ring.ts'
import { sealedText, testIdentities } from './sops/sealed.fixture.ts'
import { treeOf } from './tree.fixture.ts'

const secret = (name: string, password = 'hunter2'): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData:\n  password: ${password}\n`
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata:\n  a: hunter2\n'
const encryptedOnly = 'apiVersion: gantry.dev/v1\nkind: Cluster\nmetadata: {}\nspec: { secrets: encrypted }\n'

let withKey: KeyRing
let withoutKey: KeyRing
let hiding: KeyRing
const sealed: Record<
  'secret' | 'json' | 'two' | 'whole' | 'configMap' | 'env' | 'file' | 'number' | 'annotation',
  string
> = {
  secret: '',
  json: '',
  two: '',
  whole: '',
  configMap: '',
  env: '',
  file: '',
  number: '',
  annotation: '',
}

beforeAll(async () => {
  withKey = createKeyRing({ identities: await testIdentities(), withoutKey: 'refuse' })
  withoutKey = createKeyRing({ identities: undefined, withoutKey: 'refuse' })
  hiding = createKeyRing({ identities: undefined, withoutKey: 'hide' })
  const json = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'j' }, stringData: { password: 'hunter2' } }
  sealed.secret = await sealedText(secret('s'))
  sealed.json = await sealedText(JSON.stringify(json), { format: 'json' })
  sealed.two = await sealedText(`${secret('a', '"hunter2\\nhunter2"')}---\n${secret('b')}`)
  sealed.whole = await sealedText(secret('s'), { whole: true })
  sealed.configMap = await sealedText(configMap)
  sealed.env = await sealedText('PASSWORD=hunter2\nUSER=me\n', { format: 'dotenv' })
  sealed.file = await sealedText('hunter2', { format: 'binary' })
  sealed.number = await sealedText(secret('s', '5432'))
  sealed.annotation = await sealedText(
    secret('s').replace('metadata: { name: s }', 'metadata: { name: s, annotations: { data: hunter2 } }'),
  )
})

const renderers = new Map<KeyRing, Renderer>()
afterAll(() => Promise.all([...renderers.values()].map(renderer => renderer.close())))

async function render(files: Readonly<Record<string, string>>, keyRing = withKey): Promise<string[]> {
  const renderer = renderers.get(keyRing) ?? createRenderer({ workers: 1, keyRing })
  renderers.set(keyRing, renderer)
  return inWords(await renderer.render(treeOf(files)))
}

function inWords({ manifests, problems }: Rendered): string[] {
  return [
    ...manifests.map(({ object, origin }) => `${origin.file}:${origin.line} ${describeData(object)}`),
    ...problems.map(formatProblem),
  ]
}

function describeData(object: object): string {
  const {
    kind,
    metadata,
    data = {},
  } = object as { kind: string; metadata: { name: string }; data?: Record<string, string> }
  const texts = Object.entries(data).map(([key, value]) => `${key}=${Buffer.from(value, 'base64').toString()}`)
  return `${kind} ${metadata.name.replace(/-[a-z0-9]{10}$/, '-#')} ${texts.join(' ')}`
}

const recipient = 'age1ha8rrrx9czq5d609d50tspfxkf5myk7njwvrjvdu4supa98qhvjqza4zxm'
const locked = `error: the file is encrypted for ${recipient}, and no age key is given; give the key of one of these age recipients: --age-key-file, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY`
const plainWarning =
  'the values of this Secret can be read by all who can read the repository; encrypt them: gantry secret encrypt --in-place FILE'
const confine =
  "encrypt Secrets alone, and of them data and stringData (--encrypted-regex '^(data|stringData)$'); a file that is no manifest is left out with .gantryignore"
const shown = 'but would be shown in plans and on the observed branch'
const kustomization = (body: string): string => `${body}\n`

describe('a file', () => {
  test.each<{ name: string; files: () => Record<string, string>; keys?: () => KeyRing; gives: string[] }>([
    { name: 'of YAML', files: () => ({ 's.yaml': sealed.secret }), gives: ['s.yaml:1 Secret s password=hunter2'] },
    { name: 'of JSON', files: () => ({ 's.json': sealed.json }), gives: ['s.json:1 Secret j password=hunter2'] },
    {
      name: 'of two documents, each at its own line',
      files: () => ({ 's.yaml': sealed.two }),
      gives: ['s.yaml:1 Secret a password=hunter2\nhunter2', 's.yaml:22 Secret b password=hunter2'],
    },
    {
      name: 'without a key',
      files: () => ({ 's.yaml': sealed.secret }),
      keys: () => withoutKey,
      gives: [`s.yaml:6:1: ${locked}`],
    },
    {
      name: 'without a key, to be checked all the same',
      files: () => ({ 's.yaml': sealed.secret }),
      keys: () => hiding,
      gives: [
        's.yaml:1 Secret s password=',
        's.yaml:6:1: warning: the encrypted values are not checked: no age key that opens the file is given',
      ],
    },
    {
      name: 'that was changed',
      files: () => ({
        's.yaml': sealed.secret.replace('name: s', 'name: other').replace('kind: Secret', 'kind:  Secret'),
      }),
      gives: [
        's.yaml:6:1: error: the MAC does not fit: a value, its order, or sops.mac itself was changed after the file was encrypted; restore the file as it was encrypted, and change it with gantry secret edit',
      ],
    },
    {
      name: 'encrypted whole: its name would be shown',
      files: () => ({ 's.yaml': sealed.whole }),
      gives: [`s.yaml:1:13: error: a field of a Secret beside data and stringData is encrypted, ${shown}; ${confine}`],
    },
    {
      name: 'whose annotations are encrypted too',
      files: () => ({ 's.yaml': sealed.annotation }),
      gives: [`s.yaml:3:43: error: a field of a Secret beside data and stringData is encrypted, ${shown}; ${confine}`],
    },
    {
      name: 'that is a ConfigMap',
      files: () => ({ 's.yaml': sealed.configMap }),
      gives: [`s.yaml:5:6: error: a value of what is no Secret is encrypted, ${shown}; ${confine}`],
    },
    {
      name: 'whose sops was taken away',
      files: () => ({ 's.yaml': sealed.secret.replace(/\nsops:[^]*/, '\n') }),
      gives: [
        's.yaml:1:1: error: a value is encrypted with SOPS, but the file does not say for whom: its sops is missing; restore the file as it was encrypted',
      ],
    },
    {
      name: 'with a number, which is not shown',
      files: () => ({ 's.yaml': sealed.number }),
      gives: ['s.yaml:5:13: error: stringData.password must be text, not a number; write it in quotes'],
    },
    {
      name: 'in plain text',
      files: () => ({ 's.yaml': secret('s') }),
      gives: ['s.yaml:1 Secret s password=hunter2', `s.yaml:1:1: warning: ${plainWarning}`],
    },
    {
      name: 'in plain text, where none may be',
      files: () => ({
        'gantry.yaml': encryptedOnly,
        's.yaml': secret('s'),
        't.yaml': sealed.secret.replaceAll('x', 'x'),
      }),
      gives: [
        's.yaml:1 Secret s password=hunter2',
        't.yaml:1 Secret s password=hunter2',
        `s.yaml:1:1: error: ${plainWarning}`,
      ],
    },
  ])('$name', async ({ files, keys = () => withKey, gives }) => {
    expect(await render(files(), keys())).toEqual(gives)
  })
})

describe('a kustomization', () => {
  test.each<{ name: string; files: () => Record<string, string>; keys?: () => KeyRing; gives: string[] }>([
    {
      name: 'of an encrypted resource',
      files: () => ({
        'k/kustomization.yaml': kustomization('namePrefix: a-\nresources: [s.yaml]'),
        'k/s.yaml': sealed.secret,
      }),
      gives: ['k/s.yaml:1 Secret a-s password=hunter2'],
    },
    {
      name: 'of resources whose lines stay where they are',
      files: () => ({ 'k/kustomization.yaml': kustomization('resources: [s.yaml]'), 'k/s.yaml': sealed.two }),
      gives: ['k/s.yaml:1 Secret a password=hunter2\nhunter2', 'k/s.yaml:22 Secret b password=hunter2'],
    },
    {
      name: 'that generates a Secret of encrypted files',
      files: () => ({
        'k/kustomization.yaml': kustomization('secretGenerator:\n- name: g\n  envs: [db.env]\n  files: [token.txt]'),
        'k/db.env': sealed.env,
        'k/token.txt': sealed.file,
      }),
      gives: ['k/kustomization.yaml:2 Secret g-# PASSWORD=hunter2 USER=me token.txt=hunter2'],
    },
    {
      name: 'that generates a Secret of plain files',
      files: () => ({
        'k/kustomization.yaml': kustomization('secretGenerator:\n- name: g\n  envs: [db.env]'),
        'k/db.env': 'A=1\n',
      }),
      gives: ['k/kustomization.yaml:2 Secret g-# A=1', `k/kustomization.yaml:2:3: warning: ${plainWarning}`],
    },
    {
      name: 'that would show it in a ConfigMap',
      files: () => ({
        'k/kustomization.yaml': kustomization('configMapGenerator:\n- name: g\n  envs: [db.env]'),
        'k/db.env': sealed.env,
      }),
      gives: [
        'k/db.env: error: k/db.env is encrypted, but what reads it would show its values in plans and on the observed branch; name it under resources, or in a secretGenerator',
      ],
    },
    {
      name: 'without a key',
      files: () => ({ 'k/kustomization.yaml': kustomization('resources: [s.yaml]'), 'k/s.yaml': sealed.secret }),
      keys: () => withoutKey,
      gives: [`k/s.yaml:6:1: ${locked}`],
    },
    {
      name: 'without a key, to be checked all the same',
      files: () => ({
        'k/kustomization.yaml': kustomization('resources: [s.yaml]\nsecretGenerator:\n- name: g\n  envs: [db.env]'),
        'k/s.yaml': sealed.secret,
        'k/db.env': sealed.env,
      }),
      keys: () => hiding,
      gives: [
        'k/kustomization.yaml:3 Secret g-# PASSWORD= USER=',
        'k/s.yaml:1 Secret s password=',
        'k/s.yaml:6:1: warning: the encrypted values are not checked: no age key that opens the file is given',
        'k/db.env:3:1: warning: the encrypted values are not checked: no age key that opens the file is given',
      ],
    },
    {
      name: 'that generates a Secret of encrypted and plain values',
      files: () => ({
        'k/kustomization.yaml': kustomization('secretGenerator:\n- name: g\n  envs: [db.env]\n  literals: [a=b]'),
        'k/db.env': sealed.env,
      }),
      gives: [
        'k/kustomization.yaml:2 Secret g-# PASSWORD=hunter2 USER=me a=b',
        `k/kustomization.yaml:2:3: warning: ${plainWarning}`,
      ],
    },
    {
      name: 'whose replacement would show it',
      files: () => ({
        'k/kustomization.yaml': kustomization(
          'resources: [s.yaml, c.yaml]\nreplacements:\n- source: { kind: Secret, name: s, fieldPath: stringData.password }\n  targets: [{ select: { kind: ConfigMap }, fieldPaths: [data.a] }]',
        ),
        'k/s.yaml': sealed.secret,
        'k/c.yaml': configMap,
      }),
      gives: [
        'k/kustomization.yaml:3:3: error: stringData.password of the Secret s is encrypted, and would be shown where it is copied to; let pods read it from the Secret: env with secretKeyRef, or a volume',
      ],
    },
    {
      name: 'whose variable would show it',
      files: () => ({
        'k/kustomization.yaml': kustomization(
          'resources: [s.yaml, c.yaml]\nvars:\n- name: X\n  objref: { apiVersion: v1, kind: Secret, name: s }\n  fieldref: { fieldpath: stringData.password }',
        ),
        'k/s.yaml': sealed.secret,
        'k/c.yaml': configMap.replace('hunter2', '$(X)'),
      }),
      gives: [
        'k/kustomization.yaml:3:3: error: stringData.password of the Secret s is encrypted, and would be shown where it is copied to; let pods read it from the Secret: env with secretKeyRef, or a volume',
      ],
    },
    {
      name: 'that does not read the encrypted file beside it',
      files: () => ({ 'k/kustomization.yaml': kustomization('resources: []'), 'k/s.yaml': sealed.secret }),
      keys: () => withoutKey,
      gives: [],
    },
  ])('$name', async ({ files, keys = () => withKey, gives }) => {
    expect(await render(files(), keys())).toEqual(gives)
  })
})

test('nothing that was encrypted rests on disk', async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'gantry-secrets-'))
  try {
    const renderer = createRenderer({ workers: 1, keyRing: withKey, cacheFolder })
    const generated = kustomization('secretGenerator:\n- name: g\n  envs: [db.env]')
    const files = {
      's.yaml': sealed.secret,
      'j.json': sealed.json,
      'k/kustomization.yaml': generated,
      'k/db.env': sealed.env,
    }
    expect((await renderer.render(treeOf(files))).manifests).toHaveLength(3)
    await renderer.close()
    const names = await readdir(cacheFolder)
    const texts = await Promise.all(names.map(name => readFile(join(cacheFolder, name), 'latin1')))
    const forms = ['hunter2', Buffer.from('hunter2').toString('base64'), Buffer.alloc(32, 7).toString('base64')]
    expect(forms.filter(form => texts.join('').includes(form))).toEqual([])
  } finally {
    await rm(cacheFolder, { recursive: true })
  }
})
