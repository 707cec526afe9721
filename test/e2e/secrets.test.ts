/** What is secret stays where a pod needs it: in no log, no commit, no argument, and in no file that others may read. */
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { sealedText, testKeyFile } from '../../engine/render/sops/sealed.fixture.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'

/** Unlike anything else on the machine, also in base64 and as part of a line. */
const names = ['data', 'string', 'rejected', 'changed', 'sealed', 'generated', 'misplaced']
const values = names.map(name => `zq7-${name}-${'x9Kp'.repeat(4)}`)
const [data = '', string = '', rejected = '', changed = '', sealed = '', generated = '', misplaced = ''] = values
const ageKey = readFileSync(testKeyFile, 'utf8')
const identity = ageKey.split('\n').find(line => line.startsWith('AGE-SECRET-KEY-')) ?? ''
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const forms = [...values.flatMap(value => [value, base64(value)]), identity]

const secret = (first: string) => `apiVersion: v1
kind: Secret
metadata: { name: keys }
data: { first: ${Buffer.from(first).toString('base64')} }
stringData: { dotted.key: ${string} }
`
const pod = `apiVersion: v1
kind: Pod
metadata: { name: reader }
spec:
  runtimeClassName: process
  containers:
    - name: reader
      command: [sleep, '100000']
      env: [{ name: FIRST, valueFrom: { secretKeyRef: { name: keys, key: first } } }]
      envFrom: [{ secretRef: { name: keys } }, { secretRef: { name: sealed } }, { secretRef: { name: generated } }]
      volumeMounts: [{ name: keys, mountPath: /keys }]
  volumes: [{ name: keys, secret: { secretName: keys } }]
`

/** In the repository as gantry secret encrypts them; their values are nowhere in it. */
async function encryptedFiles(): Promise<Record<string, string>> {
  return {
    'sealed.yaml': await sealedText(
      `apiVersion: v1\nkind: Secret\nmetadata: { name: sealed }\nstringData: { SEALED: ${sealed} }\n`,
    ),
    'generated/kustomization.yaml':
      'generatorOptions: { disableNameSuffixHash: true }\nsecretGenerator: [{ name: generated, envs: [keys.env] }]\n',
    'generated/keys.env': await sealedText(`GENERATED=${generated}\n`, { format: 'dotenv' }),
  }
}

describeWith(['root', 'git'], 'secrets', () => {
  const printed: string[] = []
  let gantry: Gantry
  let clone: Clone

  async function push(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(clone.path, name, '..'), { recursive: true })
      writeFileSync(join(clone.path, name), text)
    }
    await clone.git('add', '--all')
    await clone.git('commit', '--quiet', '--message', 'Secrets')
    const { stdout, stderr } = await clone.tryGit('push')
    printed.push(stdout, stderr)
  }
  const running = async (): Promise<boolean> => {
    const { status } = await gantry.api<{ status: { phase?: string } }>('/api/v1/namespaces/default/pods/reader')
    return status.phase === 'Running'
  }

  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'], env: { SOPS_AGE_KEY: ageKey } })
    clone = await gantry.clone()
    await push({ 'hello.yaml': secret(data), 'pod.yaml': pod, ...(await encryptedFiles()) })
    await gantry.until('running', running)
  }, 60_000)
  afterAll(() => gantry?.down(), 60_000)

  test('they are nowhere but where a pod needs them', { timeout: 90_000 }, async () => {
    await push({ 'hello.yaml': secret(changed) })
    const invalid = secret(rejected).replace('dotted.key:', 'no/key:').replace(string, rejected)
    await push({ 'hello.yaml': invalid })
    expect(printed.at(-1)).toContain('rejected')
    await clone.git('reset', '--quiet', '--hard', '@{upstream}')
    const shown = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shown }\ndata: { a: ${misplaced} }\n`
    await push({ 'shown.yaml': await sealedText(shown) })
    expect(printed.at(-1)).toContain('a value of what is no Secret is encrypted')
    await clone.git('reset', '--quiet', '--hard', '@{upstream}')
    await push({ 'shown.yaml': (await sealedText(secret(rejected))).replace('kind: Secret', 'kind: ConfigMap') })
    expect(printed.at(-1)).toContain('the MAC does not fit')
    await clone.git('reset', '--quiet', '--hard', '@{upstream}')
    const processes = () => gantry.processes('gantry.js')
    for (const pid of processes()) process.kill(pid, 'SIGKILL')
    await gantry.until('ended', async () => processes().length === 0)
    printed.push(gantry.output)
    await gantry.start()
    await gantry.until('back', running)
    const kept = await gantry.api<{ data: Record<string, string> }>('/api/v1/namespaces/default/secrets/keys')
    expect(Buffer.from(kept.data['first'] ?? '', 'base64').toString()).toBe(changed)
    const held = async (name: string, key: string): Promise<string> => {
      const { data: found } = await gantry.api<{ data: Record<string, string> }>(
        `/api/v1/namespaces/default/secrets/${name}`,
      )
      return Buffer.from(found[key] ?? '', 'base64').toString()
    }
    expect([await held('sealed', 'SEALED'), await held('generated', 'GENERATED')]).toEqual([sealed, generated])
    expect(processesWith(identity)).toEqual([gantry.pid])
    await push({ 'hello.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n' })
    printed.push(gantry.output)
    expect(await running()).toBe(true)

    expect(formsIn(printed.join('\n')), 'printed').toEqual([])
    expect(argumentsWith(forms)).toEqual([])
    expect(formsIn(observedObjects(gantry)), 'the observed branch and notes').toEqual([])
    const everything = gitIn(gantry)(['cat-file', '--batch-all-objects', '--batch', '--buffer'])
    const neverCommitted = [sealed, generated, misplaced, identity]
    expect(neverCommitted.filter(value => everything.includes(value) || everything.includes(base64(value)))).toEqual([])
    const files = filesBelow(gantry.data)
    const holders = files.filter(path => formsIn(contentsOf(path)).length > 0)
    const needed = /^(agent\/assignments\.jsonl|agent\/pods\/[^/]+\/volumes\/|agent\/.*\/env$)/
    expect(holders.map(path => relative(gantry.data, path)).filter(path => !needed.test(path))).toEqual([])
    expect([gantry.data, ...holders].filter(path => othersMayRead(path, gantry.folder))).toEqual([])
  })
})

function formsIn(text: string): readonly string[] {
  return forms.filter(form => text.includes(form))
}

/** Those that were started with a word in their environment. */
function processesWith(word: string): readonly number[] {
  return readdirSync('/proc').flatMap(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(word) ? [Number(pid)] : []
    } catch {
      return []
    }
  })
}

function argumentsWith(words: readonly string[]): readonly string[] {
  return readdirSync('/proc').flatMap(pid => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return words.some(word => line.includes(word)) ? [line] : []
    } catch {
      return []
    }
  })
}

/** Runs git on the engine's own repository. */
function gitIn(gantry: Gantry): (args: readonly string[], input?: string) => string {
  const folder = readdirSync(join(gantry.data, 'git')).find(name => name.endsWith('.git')) ?? ''
  return (args, input) =>
    execFileSync('git', ['-c', 'safe.directory=*', '--git-dir', join(gantry.data, 'git', folder), ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      ...(input === undefined ? {} : { input }),
    })
}

/** Every object that the observed branch and the notes lead to, as text. */
function observedObjects(gantry: Gantry): string {
  const git = gitIn(gantry)
  const list = git([
    'rev-list',
    '--objects',
    '--no-object-names',
    '--glob=refs/heads/observed/*',
    '--glob=refs/notes/*',
  ])
  expect(list).not.toBe('')
  return git(['cat-file', '--batch'], list)
}

/** Regular files; folders that end while they are read are left out. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

/** Nothing where a file that was being written has its own name by now. */
function contentsOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

/** Whether every folder from here up to `top` lets others in, and the file itself lets them read. */
function othersMayRead(path: string, top: string): boolean {
  if ((lstatSync(path).mode & 0o007) === 0) return false
  const parent = join(path, '..')
  return parent === top || othersMayRead(parent, top)
}
