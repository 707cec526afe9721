/** Before anything changes: a branch as a proposal, a deletion that waits for a word, a commit that nobody signed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'

interface Deployments {
  items: { metadata: { name: string }; spec: { replicas: number } }[]
}

describeWith(['root', 'git'], 'review', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
  })
  afterAll(async () => {
    await gantry?.down()
  })

  function write(file: string, text: string): void {
    writeFileSync(join(clone.path, file), text)
  }
  async function deployments(): Promise<Record<string, number>> {
    const { items } = await gantry.api<Deployments>('/apis/apps/v1/deployments')
    return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.replicas]))
  }

  test('a pushed branch shows its plan and changes nothing', async () => {
    await clone.git('switch', '--quiet', '--create', 'three')
    write('hello.yaml', readFileSync(join(clone.path, 'hello.yaml'), 'utf8').replace('replicas: 2', 'replicas: 3'))
    await clone.git('commit', '--quiet', '--all', '--message', 'Three')
    const push = await clone.tryGit('push', '--set-upstream', 'origin', 'three')
    expect(push.code).toBe(0)
    expect(push.stderr).toContain('remote: three is a proposal: cluster hello follows main. With three it would be:')
    expect(push.stderr).toMatch(/remote: ~ Deployment default\/hello {2}replicas 2 → 3/)
    expect(await deployments()).toEqual({ hello: 2 })
    await clone.git('switch', '--quiet', 'main')
  })

  test('a commit that removes everything waits for the word', async () => {
    await clone.git('rm', '--quiet', 'hello.yaml')
    const said = await clone.push('Remove everything')
    expect(said).toMatch(/remote: .*would remove all 3 objects.*Gantry-Allow: delete/)
    expect(await deployments()).toEqual({ hello: 2 })
    expect((await gantry.cli('status')).stdout).toContain('Gantry-Allow: delete')
    await clone.git('commit', '--quiet', '--allow-empty', '-m', 'Meant it', '-m', 'Gantry-Allow: delete')
    await clone.git('push')
    await gantry.until('gone', async () => Object.keys(await deployments()).length === 0)
    await clone.git('revert', '--no-edit', 'HEAD~1')
    await clone.git('push')
    await gantry.until('back', async () => (await deployments())['hello'] === 2)
  })

  test('where signers are named, a commit that none of them signed is refused', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILMn4QxBJ6vzeeFgiNmp2dDZrz8AEkULe1ETTnXyDvZn ada@example.com'
    write('gantry.yaml', `apiVersion: gantry.dev/v1\nkind: Cluster\nspec:\n  trustedSigners:\n    - ${key}\n`)
    await clone.git('add', 'gantry.yaml')
    await clone.push('Only Ada')
    await clone.git('commit', '--quiet', '--allow-empty', '--message', 'Mallory was here')
    const push = await clone.tryGit('push')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toMatch(
      /remote: gantry.yaml: error: commit \w+ is not signed by any of the 1 keys in spec.trustedSigners; sign it/,
    )
    await gantry.until('healthy', async () => (await gantry.cli('status')).stdout.includes('Healthy'))
    expect((await gantry.cli('rollback')).code).toBe(0)
  })

  test('a force-push to the followed branch is refused with the remedy', async () => {
    await clone.git('fetch', '--quiet')
    await clone.git('reset', '--quiet', '--hard', 'origin/main~2')
    const push = await clone.tryGit('push', '--force')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toMatch(/remote: refused: this push would rewrite main.*\nremote: To undo a commit: git revert/)
  })
})
