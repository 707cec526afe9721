import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pc from 'picocolors'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type ChartHost,
  type GitHost,
  type Registry,
  chartArchive,
  sha256,
  startChartHost,
  startGitHost,
  startRegistry,
} from '../remotes/servers.fixture.ts'
import { renderFolder } from './render-folder.ts'
import { type VendorFlags, vendorFolder } from './vendor-folder.ts'

let folder = ''
let charts: ChartHost
let registry: Registry
let git: GitHost
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-vendor-'))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  vi.stubEnv('DOCKER_CONFIG', join(folder, 'none'))
  charts = await startChartHost()
  registry = await startRegistry()
  git = await startGitHost(join(folder, 'git'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all([charts.close(), registry.close(), git.close()])
  rmSync(folder, { recursive: true })
})

const branch = (): string => join(folder, 'branch')
const lock = (): string => readFileSync(join(branch(), 'gantry.lock'), 'utf8')

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(branch(), path)), { recursive: true })
    writeFileSync(join(branch(), path), text)
  }
}

async function vendor(flags: Partial<VendorFlags> = {}): Promise<{ exitCode: number; written: string; noted: string }> {
  const output = { written: '', noted: '' }
  const terminal = {
    write: (text: string) => void (output.written += text),
    note: (text: string) => void (output.noted += text),
    colors: pc.createColors(false),
  }
  const exitCode = await vendorFolder(branch(), { flags: { check: false, ...flags }, terminal })
  return { exitCode, ...output }
}

async function publish(version: string): Promise<string> {
  const archive = await chartArchive('web', version)
  charts.published.push({ name: 'web', version, archive })
  return sha256(archive)
}

function settings(): string {
  const hosts = [charts, registry, git].map(({ host }) => `'${host}'`).join(', ')
  return `apiVersion: gantry.dev/v1\nkind: Cluster\nspec: {remotes: {hosts: [${hosts}]}}\n`
}

function release(name: string, chart: string): string {
  return `apiVersion: gantry.dev/v1\nkind: Release\nmetadata: {name: ${name}}\nspec:\n  chart: ${chart}\n`
}

const web = (range: string): string => release('web', `{repository: '${charts.url}', name: web, version: '${range}'}`)
const upToDate = 'gantry.lock says what everything is\n'

test('charts are pinned once, kept while they fit, looked up anew when asked, and dropped when nobody names them', async () => {
  const [one, two] = [await publish('1.0.0'), await publish('1.1.0')]
  const archive = await chartArchive('db', '3.0.0')
  registry.push('org/db', '3.0.0', archive)
  const db = `oci://${registry.host}/org/db`
  write({
    'gantry.yaml': settings(),
    'web.yaml': web('~1.0'),
    'db.yaml': `${release('db', `{oci: '${db}', version: 3.0.0}`)}---\n${release('own', '{path: charts/own}')}`,
  })
  const header =
    '# Written by gantry vendor: what the charts and bases of this branch are. Commit it; do not edit it.\n'
  const dbEntry = `  - oci: ${db}\n    range: 3.0.0\n    version: 3.0.0\n    digest: sha256:${sha256(archive)}\n`
  const webEntry = (range: string, version: string, digest: string): string =>
    `  - repository: ${charts.url}\n    name: web\n    range: ${range}\n    version: ${version}\n    digest: sha256:${digest}\n    url: ${charts.url}/web-${version}.tgz\n`
  expect(await vendor()).toEqual({
    exitCode: 0,
    written:
      `chart ${db} 3.0.0: 3.0.0 (sha256:${sha256(archive).slice(0, 12)})\n` +
      `chart web ~1.0 of ${charts.url}: 1.0.0 (sha256:${one.slice(0, 12)})\n`,
    noted: '',
  })
  expect(lock()).toBe(`${header}charts:\n${dbEntry}${webEntry('~1.0', '1.0.0', one)}`)
  const patch = await publish('1.0.1')
  expect(await vendor({ check: true })).toEqual({ exitCode: 0, written: upToDate, noted: '' })
  expect(await vendor()).toEqual({ exitCode: 0, written: upToDate, noted: '' })
  expect(await vendor({ update: ['web'] })).toEqual({
    exitCode: 0,
    written: `chart web ~1.0 of ${charts.url}: 1.0.0 (sha256:${one.slice(0, 12)}) → 1.0.1 (sha256:${patch.slice(0, 12)})\n`,
    noted: '',
  })
  write({ 'web.yaml': web('^1') })
  expect(await vendor({ check: true })).toEqual({
    exitCode: 1,
    written: '',
    noted:
      `web.yaml:1:1: error: gantry.lock does not say what chart web ^1 of ${charts.url} is; run gantry vendor, and commit gantry.lock\n` +
      'gantry.lock is not up to date; run gantry vendor, and commit it\n',
  })
  rmSync(join(branch(), 'db.yaml'))
  expect(await vendor({ update: true })).toMatchObject({
    exitCode: 0,
    written:
      `chart ${db} 3.0.0: no longer named\n` +
      `chart web ^1 of ${charts.url}: 1.1.0 (sha256:${two.slice(0, 12)})\n` +
      `chart web ~1.0 of ${charts.url}: no longer named\n`,
  })
  expect(lock()).toBe(`${header}charts:\n${webEntry('^1', '1.1.0', two)}`)
  rmSync(join(branch(), 'web.yaml'))
  await vendor()
  expect(existsSync(join(branch(), 'gantry.lock'))).toBe(false)
})

test('bases are pinned with those that they lead to', async () => {
  const inner = await git.commit({ 'inner/kustomization.yaml': 'resources: [a.yaml]', 'inner/a.yaml': '' })
  await git.tag('inner', inner)
  const outer = await git.commit({
    'overlay/kustomization.yaml': 'resources: [../shared]',
    'shared/kustomization.yaml': `resources: ['${git.url}//inner?ref=inner']`,
    'unnamed/kustomization.yaml': `resources: ['${git.url}//x?ref=unnamed']`,
  })
  await git.tag('v1', outer)
  write({
    'gantry.yaml': settings(),
    'app/kustomization.yaml': `resources: ['${git.url}//overlay?ref=v1']`,
    'app/more/kustomization.yaml': `components: ['${git.url}//shared?ref=v1', 'https://user:s3cret@host.example/a']`,
  })
  const { exitCode, written, noted } = await vendor()
  expect({ exitCode, written }).toEqual({
    exitCode: 1,
    written: `base ${git.url} at inner: ${inner}\nbase ${git.url} at v1: ${outer}\n`,
  })
  expect(noted.split('\n')[0]).toMatch(
    /^app\/more\/kustomization.yaml:1:\d+: error: https:\/\/…@host.example\/a is no address that can be fetched; /,
  )
  await git.tag('v1', await git.commit({ a: '' }))
  expect((await vendor({ check: true })).written).toBe('')
  expect(lock()).toContain(`commit: ${outer}`)
})

test('what is locked is rendered offline: bases with their neighbours, files, and what they name of their own', async () => {
  const url = `http://${charts.host}/v1/extra.yaml`
  const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`
  charts.answers.set('/v1/extra.yaml', (_, response) => void response.end(map('extra')))
  await publish('1.0.0')
  const commit = await git.commit({
    'overlay/kustomization.yaml': 'namePrefix: remote-\nresources: [../shared]',
    'shared/kustomization.yaml': `resources: [a.yaml, web.yaml]`,
    'shared/a.yaml': map('a'),
    'shared/web.yaml': web('^1'),
    'thief/kustomization.yaml': 'resources: [../../../own.yaml]',
  })
  await git.tag('v1', commit)
  write({
    'gantry.yaml': settings(),
    'own.yaml': map('own'),
    'app/kustomization.yaml': `resources: ['${git.url}//overlay?ref=v1', '${url}']`,
  })
  const { exitCode, written } = await vendor()
  expect({ exitCode, names: written.replace(/: .*/g, '').split('\n') }).toEqual({
    exitCode: 0,
    names: [`base ${git.url} at v1`, `chart web ^1 of ${charts.url}`, `file ${url}`, ''],
  })
  await Promise.all([charts.close(), git.close()])
  const render = async (): Promise<{ exitCode: number; names: string[]; noted: string }> => {
    const output = { written: '', noted: '' }
    const terminal = {
      write: (text: string) => void (output.written += text),
      note: (text: string) => void (output.noted += text),
      colors: pc.createColors(false),
    }
    const code = await renderFolder(branch(), { validate: true, paths: undefined, terminal })
    const names = [...output.written.matchAll(/^  name: (.*)$/gm)].map(([, name = '']) => name)
    return { exitCode: code, names: names.filter(name => name !== 'web'), noted: output.noted }
  }
  expect(await render()).toEqual({ exitCode: 0, names: ['own', 'extra', 'remote-a', 'remote-web'], noted: '' })
  write({ 'app/kustomization.yaml': `resources: ['${git.url}//thief?ref=v1']` })
  expect(await render()).toEqual({
    exitCode: 1,
    names: ['own'],
    noted: expect.stringMatching(
      /^.gantry-remotes\/commit-[0-9a-f]{40}\/thief\/kustomization.yaml:1:\d+: error: ..\/..\/..\/own.yaml leads out of the repository/,
    ),
  })
  write({ 'app/kustomization.yaml': `resources: ['${git.url}//overlay?ref=v2']` })
  expect(await render()).toEqual({
    exitCode: 1,
    names: ['own'],
    noted: `app/kustomization.yaml:1:13: error: gantry.lock does not say what base ${git.url} at v2 is; run gantry vendor, and commit gantry.lock\n`,
  })
})

test('a host that gantry.yaml does not name is not asked, and nothing is forgotten', async () => {
  await publish('1.0.0')
  write({ 'gantry.yaml': settings(), 'web.yaml': web('^1') })
  await vendor()
  const before = lock()
  charts.asked.length = 0
  write({ 'gantry.yaml': 'apiVersion: gantry.dev/v1\nkind: Cluster\n' })
  expect(await vendor({ update: true })).toEqual({
    exitCode: 1,
    written: '',
    noted:
      `web.yaml:1:1: error: ${charts.host} is not among the hosts that gantry.yaml allows: spec.remotes.hosts names none; ` +
      `where ${charts.host} is to be trusted, write in gantry.yaml: spec: {remotes: {hosts: [${charts.host}]}}\n`,
  })
  expect({ lock: lock(), asked: charts.asked }).toEqual({ lock: before, asked: [] })
})

test('with other errors in the folder what nobody seems to name stays pinned', async () => {
  await publish('1.0.0')
  write({ 'gantry.yaml': settings(), 'web.yaml': web('^1') })
  await vendor()
  const before = lock()
  write({ 'web.yaml': 'kind: [' })
  expect(await vendor()).toEqual({
    exitCode: 0,
    written: upToDate,
    noted: 'the folder has 1 other error: gantry validate names them\n',
  })
  expect(lock()).toBe(before)
})

test('a name that the lock does not have, and a lock that is none, are said', async () => {
  write({ 'gantry.yaml': settings() })
  await expect(vendor({ update: ['web'] })).rejects.toThrow('gantry.lock has nothing named web')
  write({ 'gantry.lock': '<<<<<<< HEAD\n' })
  await expect(vendor()).rejects.toThrow(/^gantry.lock is not as gantry vendor writes it: /)
})
