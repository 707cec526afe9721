/** A base of another repository: vendored, pushed, run; and what a push without its lock is told. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GitHost, startGitHost } from '../../engine/remotes/servers.fixture.ts'
import { describeWith } from '../needs.ts'
import { type Clone, Gantry, must } from './gantry.ts'

describeWith(['git'], 'a base of another repository', () => {
  let folder: string
  let host: GitHost
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-base-'))
    host = await startGitHost(folder)
    gantry = await Gantry.up({ args: ['--runtime', 'process'] })
    clone = await gantry.clone()
  })
  afterAll(async () => {
    await gantry?.down()
    await host?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function add(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(clone.path, path)), { recursive: true })
      writeFileSync(join(clone.path, path), text)
    }
    await clone.git('add', '--all')
  }

  async function names(): Promise<string[]> {
    const path = '/api/v1/namespaces/default/configmaps'
    const { items } = await gantry.api<{ items: { metadata: { name: string } }[] }>(path)
    return items.map(({ metadata }) => metadata.name).filter(name => name.startsWith('from-'))
  }

  test('is refused without a lock, runs with it, and is there when its host is gone and the engine was killed', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: base }\n'
    await host.tag('v1', await host.commit({ 'base/kustomization.yaml': 'resources: [a.yaml]', 'base/a.yaml': map }))
    await add({
      'gantry.yaml': `apiVersion: gantry.dev/v1\nkind: Cluster\nspec: { remotes: { hosts: ['${host.host}'] } }\n`,
      'app/kustomization.yaml': `namePrefix: from-\nresources: ['${host.url}//base?ref=v1']\n`,
    })
    await clone.git('commit', '--quiet', '--message', 'A base')
    const refused = await clone.tryGit('push')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain(
      `app/kustomization.yaml:2:13: error: gantry.lock does not say what base ${host.url} at v1 is; run gantry vendor, and commit gantry.lock`,
    )
    must(await gantry.cli('vendor', clone.path))
    await add({})
    await clone.push('What it is')
    await gantry.until('applied', async () => (await names()).join() === 'from-base')
    await host.close()
    await gantry.stop('SIGKILL')
    await gantry.start()
    await add({ 'app/kustomization.yaml': `namePrefix: from-the-\nresources: ['${host.url}//base?ref=v1']\n` })
    await clone.push('Another name\n\nGantry-Allow: delete')
    await gantry.until('applied', async () => (await names()).join() === 'from-the-base')
  })
})
