/** A base and an overlay, pushed: what kubectl would build is what runs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask, poll } from './poll.ts'

const hello = 'http://127.0.0.1:30080/'

describeWith(['root', 'git'], 'a kustomization', () => {
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
    mkdirSync(dirname(join(clone.path, file)), { recursive: true })
    writeFileSync(join(clone.path, file), text)
  }

  test('of a base and an overlay takes the place of plain files, and no request fails', async () => {
    const [configMap = '', ...others] = readFileSync(join(clone.path, 'hello.yaml'), 'utf8').split('---\n')
    expect(configMap).toContain('kind: ConfigMap')
    rmSync(join(clone.path, 'hello.yaml'))
    write('base/hello.yaml', others.join('---\n'))
    write(
      'base/kustomization.yaml',
      'resources: [hello.yaml]\nconfigMapGenerator:\n- name: hello\n  literals: [greeting=Hello]\n',
    )
    write(
      'overlays/night/kustomization.yaml',
      'resources: [../../base]\nconfigMapGenerator:\n- name: hello\n  behavior: merge\n  literals: [greeting=Good night]\n',
    )
    await clone.git('add', '--all')
    const clients = poll(hello, { clients: 4, pauseMs: 5 })
    const said = await clone.push('Good night')
    expect(said).toMatch(/remote: \+ ConfigMap default\/hello-[a-z0-9]{10} /)
    expect(said).toMatch(/remote: ~ Deployment default\/hello /)
    await gantry.until('new', async () => (await ask(hello)) === 'Good night, version 1\n', 20)
    await clients.stop()
    expect(clients.failures).toEqual([])
  })

  test('rolls over when its base is edited', async () => {
    const text = readFileSync(join(clone.path, 'base/hello.yaml'), 'utf8')
    write('base/hello.yaml', text.replace('value: "1"', 'value: "2"'))
    const said = await clone.push('Version 2')
    expect(said).toMatch(/remote: plan: 0 to create, 1 to change, 0 to delete/)
    await gantry.until('new', async () => (await ask(hello)) === 'Good night, version 2\n', 20)
  })

  test('with a mistake in the overlay is refused at its line, and changes nothing', async () => {
    const file = 'overlays/night/kustomization.yaml'
    write(file, `${readFileSync(join(clone.path, file), 'utf8')}namePrefx: x-\n`)
    await clone.git('commit', '--quiet', '--all', '--message', 'A mistake')
    const push = await clone.tryGit('push')
    expect(push.code).not.toBe(0)
    expect(push.stderr).toContain(
      `remote: ${file}:6:1: error: the field namePrefx is not known to Kustomize; write namePrefix`,
    )
    expect(await ask(hello)).toBe('Good night, version 2\n')
  })
})
