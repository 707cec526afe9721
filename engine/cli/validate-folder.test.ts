import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pc from 'picocolors'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ProblemFormat } from './problem-report.ts'
import { validateFolder } from './validate-folder.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gantry-validate-'))
  vi.stubEnv('XDG_CACHE_HOME', join(home, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, 'repo', file)), { recursive: true })
    writeFileSync(join(home, 'repo', file), text)
  }
}

async function validate(options: { only?: readonly string[]; format?: ProblemFormat; explain?: boolean } = {}) {
  const output = { written: '', noted: '' }
  const terminal = {
    write: (text: string) => void (output.written += text),
    note: (text: string) => void (output.noted += text),
    colors: pc.createColors(false),
  }
  const { only = [], format = 'text', explain = false } = options
  const code = await validateFolder(join(home, 'repo'), { format, paths: undefined, only, explain, terminal })
  return { code, ...output }
}

const configMap = (name: string, kind = 'ConfigMap') => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`

// The workers run the built program (npm run build).
test('the exit code says whether there is an error; a warning is none', async () => {
  write({ 'a.yaml': configMap('a') })
  expect(await validate()).toEqual({ code: 0, written: '1 valid object, 0 errors, 0 warnings\n', noted: '' })
  write({ 'b.yaml': `${configMap('b')}status: { x: 1 }\n` })
  expect((await validate()).code).toBe(0)
  write({ 'c.yaml': configMap('c', 'ConfigMop') })
  expect(await validate()).toMatchObject({ code: 1, written: expect.stringContaining('c.yaml:2:7: error: kind is') })
})

test('only the named objects are told of, and one that is not there is an error', async () => {
  write({
    'a.yaml': configMap('a'),
    'b.yaml': `${configMap('b')}data: { x: 1 }\n`,
    'c.yaml': `${configMap('c')}data: { x: 1 }\n`,
    'd.yaml': 'a: [',
  })
  const problem = (name: string) => `${name}.yaml:4:12: error: data.x must be text, not 1; quote it: x: "1"\n`
  expect(await validate({ only: ['cm/a'] })).toEqual({
    code: 0,
    written: '1 valid object, 0 errors, 0 warnings\n',
    noted: '',
  })
  expect(await validate({ only: ['cm/a', 'cm/default/c'] })).toEqual({
    code: 1,
    written: `${problem('c')}1 valid object, 1 error, 0 warnings\n`,
    noted: '',
  })
  await expect(validate({ only: ['cm/other/c'] })).rejects.toThrow(`there is no cm/other/c in ${home}/repo`)
})

test('what was read before is known again, as long as it is the same, and no Secret rests on the disk', async () => {
  const secret = `${configMap('s', 'Secret')}stringData: { password: hunter2 }\n`
  write({ 'a.yaml': configMap('a'), 'b/a.yaml': configMap('b'), 's.yaml': secret })
  const cache = join(home, 'cache/gantry/validate')
  const cached = (): string =>
    readdirSync(cache)
      .map(name => readFileSync(join(cache, name), 'utf8'))
      .join('')
  const fine = { code: 0, written: expect.stringContaining('3 valid objects, 0 errors, 1 warning\n') }
  expect(await validate()).toMatchObject(fine)
  const first = cached()
  expect(first.trim().split('\n').length).toBe(2)
  expect(first).not.toContain('hunter2')
  expect(first).not.toContain(Buffer.from('hunter2').toString('base64'))
  expect(await validate()).toMatchObject(fine)
  expect(cached()).toBe(first)
  write({ 'a.yaml': configMap('a').replace('a }', 'A }') })
  expect((await validate()).written).toContain('a.yaml:3:19: error: metadata.name must be')
})

test('--explain tells of each unit what it read, whether it was known, and how long it took', async () => {
  write({
    'a.yaml': configMap('a'),
    's.yaml': configMap('s', 'Secret'),
    'base/kustomization.yaml': 'resources: [x.yaml]',
    'base/x.yaml': configMap('x'),
    'over/kustomization.yaml': 'resources: [../base]\nconfigMapGenerator: [{ name: g, files: [f.txt] }]',
    'over/f.txt': 'f',
  })
  const units = async (): Promise<unknown> => {
    const { units } = JSON.parse((await validate({ format: 'json', explain: true })).written)
    return units.map(({ milliseconds, ...unit }: { milliseconds: number; cache: string }) => ({
      ...unit,
      took: milliseconds > 0,
    }))
  }
  const unit = (name: string, files: readonly string[], cache: 'hit' | 'miss') => ({
    unit: name,
    files,
    cache,
    took: cache === 'miss',
  })
  const base = ['base/kustomization.yaml', 'base/x.yaml']
  const told = (cache: 'hit' | 'miss') => [
    unit('a.yaml', ['a.yaml'], cache),
    unit('base/kustomization.yaml', base, cache),
    unit('over/kustomization.yaml', ['over/kustomization.yaml', ...base, 'over/f.txt'], cache),
    // A Secret is not kept.
    unit('s.yaml', ['s.yaml'], 'miss'),
  ]
  expect(await units()).toEqual(told('miss'))
  expect(await units()).toEqual(told('hit'))
  const text = (await validate({ explain: true })).written.replaceAll(/\d+\.\dms/g, 'TIME').replaceAll(/ {2,}/g, ' | ')
  expect(text).toBe(`UNIT | CACHE | TIME | FILES
a.yaml | hit | - | a.yaml
base/kustomization.yaml | hit | - | base/kustomization.yaml, base/x.yaml
over/kustomization.yaml | hit | - | over/kustomization.yaml, base/kustomization.yaml, base/x.yaml, and 1 more
s.yaml | miss | TIME | s.yaml

4 valid objects, 0 errors, 0 warnings
`)
  await expect(validate({ format: 'sarif', explain: true })).rejects.toThrow('-o sarif has no place for --explain')
})
