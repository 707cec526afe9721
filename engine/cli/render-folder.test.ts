import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'

const cli = fileURLToPath(new URL('../../dist/gantry.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'gantry-render-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const files = {
  'base/kustomization.yaml': 'resources: [web.yaml]',
  'base/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { color: red, yes: "on" }\n',
  'apps/kustomization.yaml': 'namePrefix: a-\nresources: [../base]',
  'wrong/kustomization.yaml':
    'resources: [../base]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: { name: web }\n    dta: {}\n',
  'plain/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\n',
}

function run(program: string, args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 20_000 })
  return { code: status, out: stdout, err: stderr }
}
const gantry = (...args: string[]) => run(process.execPath, [cli, ...args])
const git = (...args: string[]) =>
  expect(run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args]).code).toBe(0)

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

beforeAll(() => {
  for (const [path, text] of Object.entries(files)) write(path, text)
})

// The built program (npm run build).
describeWith(['git'], 'gantry render', () => {
  beforeAll(() => {
    git('init', '--quiet', '--initial-branch=main')
    git('add', 'base', 'apps', 'plain')
    git('commit', '--quiet', '--message=one')
    write('base/web.yaml', files['base/web.yaml'].replace('red', 'blue'))
    git('commit', '--quiet', '--all', '--message=two')
    write('base/web.yaml', files['base/web.yaml'].replace('red', 'green'))
  })

  const configMap = (name: string, color: string): string =>
    `apiVersion: v1\ndata:\n  color: ${color}\n  "yes": "on"\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`

  test.each<{ name: string; args: string[]; out: unknown; err?: unknown; code?: number }>([
    { name: 'a kustomization, as it is on disk', args: ['apps'], out: configMap('a-web', 'green') },
    {
      name: 'a kustomization that gives what is wrong',
      args: ['wrong'],
      out: `${configMap('web', 'green').replace('kind', 'dta: {}\nkind')}`,
      err: expect.stringMatching(/dta is not a field of a ConfigMap/),
      code: 1,
    },
    { name: 'the same unchecked', args: ['wrong', '--no-validate'], out: expect.stringContaining('dta: {}') },
    {
      name: 'a folder of manifests',
      args: ['plain'],
      out: expect.stringMatching(/^---\n# web\.yaml:1\n[^]*name: plain/),
    },
    {
      name: 'a commit',
      args: ['HEAD'],
      out: expect.stringMatching(/# base\/web\.yaml:1\n[^]*color: blue[^]*name: plain|name: plain[^]*color: blue/),
    },
    { name: 'a part of an older one', args: ['main~1', '--path', 'apps'], out: expect.stringContaining('color: red') },
    {
      name: 'neither',
      args: ['nowhere'],
      out: '',
      err: expect.stringMatching(/nowhere is neither a folder nor a git revision.*name the folder/s),
      code: 1,
    },
    { name: 'a file', args: ['base/web.yaml'], out: '', err: expect.stringContaining('is no folder'), code: 1 },
    {
      name: 'no option of git',
      args: ['--', '--all'],
      out: '',
      err: expect.stringContaining('--all is neither'),
      code: 1,
    },
  ])('$name', ({ args, out, err = '', code = 0 }) => {
    expect(gantry('render', ...args)).toEqual({ code, out, err })
  })

  test('what git ignores is not there, unless it is named', () => {
    write('ignoring/.gitignore', 'node_modules\n')
    write('ignoring/web.yaml', files['plain/web.yaml'])
    write('ignoring/node_modules/left/package.json', '{ "name": "left" }\n')
    expect(gantry('validate', 'ignoring')).toMatchObject({ code: 0, out: expect.stringContaining('1 valid object,') })
    expect(gantry('validate', 'ignoring/node_modules')).toMatchObject({ code: 1 })
  })

  test('a commit is validated like a folder', () => {
    expect(gantry('validate', 'HEAD')).toMatchObject({ code: 0, out: expect.stringContaining('2 valid objects') })
  })
})

describeWith(['git', 'kubectl'], 'gantry render of a kustomization', () => {
  test.each(['apps', 'wrong', 'base'])('prints what kubectl kustomize prints: %s', name => {
    const { out, code } = run('kubectl', ['kustomize', name])
    expect([gantry('render', '--no-validate', name), code]).toEqual([{ code: 0, out, err: '' }, 0])
  })
})
