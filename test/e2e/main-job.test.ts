/** The main job: start, push, roll, fail, roll back. As root and as an ordinary user. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone, GantryOptions } from './gantry.ts'
import { ask, poll } from './poll.ts'

const hello = 'http://127.0.0.1:30080/'

describeWith(['root', 'ip', 'git'], 'as root', () => mainJob({ args: ['--runtime', 'process'] }))
describeWith(['root', 'git'], 'as an ordinary user', () => mainJob({ uid: 1000, args: ['--runtime', 'process'] }))

function mainJob(options: GantryOptions): void {
  describe('gantry up on examples/hello', () => {
    let gantry: Gantry
    let clone: Clone
    beforeAll(async () => {
      gantry = await Gantry.up(options)
      clone = await gantry.clone()
    })
    afterAll(async () => {
      await gantry?.down()
    })

    function edit(file: string, ...changes: readonly (readonly [from: string, to: string])[]): void {
      const path = join(clone.path, file)
      const text = changes.reduce(
        (before, [from, to]) => {
          if (!before.includes(from)) throw new Error(`${file} holds no ${from}`)
          return before.replace(from, to)
        },
        readFileSync(path, 'utf8'),
      )
      writeFileSync(path, text)
    }

    test('is ready when the example answers', async () => {
      expect(await ask(hello)).toBe('Hello from Gantry, version 1\n')
      expect(await (await fetch(`${gantry.url}/readyz`)).text()).toBe('ok')
    })

    test('prints the line that clones, and keeps its secrets to itself', async () => {
      expect(gantry.output).toContain(`git clone http://gantry:${gantry.token}@127.0.0.1:${gantry.port}/git/hello.git`)
      expect(statSync(gantry.data).mode & 0o777).toBe(0o700)
      expect(statSync(join(gantry.data, 'token')).mode & 0o777).toBe(0o600)
      expect(statSync(gantry.kubeconfig).mode & 0o777).toBe(0o600)
      expect((await fetch(`${gantry.url}/api`)).status).toBe(401)
    })

    test('a push prints the plan, and within two seconds every answer is the new one', async () => {
      edit('hello.yaml', ['greeting: Hello from Gantry', 'greeting: Good morning'], ['value: "1"', 'value: "2"'])
      const clients = poll(hello, { clients: 8, pauseMs: 5 })
      const said = await clone.push('Say good morning')
      expect(said).toMatch(/remote: ~ ConfigMap default\/hello /)
      expect(said).toMatch(/remote: ~ Deployment default\/hello /)
      expect(said).toMatch(/remote: plan: 0 to create, 2 to change, 0 to delete/)
      await gantry.until('new', async () => (await ask(hello)) === 'Good morning, version 2\n', 10)
      await gantry.until('rolled', async () => (await deploymentStatus(gantry)).updatedOnly, 20)
      await clients.stop()
      expect(clients.failures).toEqual([])
      expect(clients.answers).toEqual(new Set(['Hello from Gantry, version 1\n', 'Good morning, version 2\n']))
      expect(clients.count).toBeGreaterThan(50)
    })

    test('git revert is the rollback', async () => {
      const clients = poll(hello, { clients: 4, pauseMs: 5 })
      await clone.git('revert', '--no-edit', 'HEAD')
      await clone.git('push')
      await gantry.until('old again', async () => (await ask(hello)) === 'Hello from Gantry, version 1\n', 10)
      await gantry.until('rolled', async () => (await deploymentStatus(gantry)).updatedOnly, 20)
      await clients.stop()
      expect(clients.failures).toEqual([])
    })

    test('history, notes and the observed branch tell the story', async () => {
      await gantry.until('healthy', async () =>
        (await gantry.cli('history')).stdout.includes('Revert "Say good morning"'),
      )
      const history = await gantry.cli('history')
      expect(history.stdout).toContain('Say good morning')
      const configLine = /git config .*refs\/notes.*/.exec(gantry.output)?.[0] ?? ''
      expect(configLine).not.toBe('')
      await clone.git('config', '--add', 'remote.origin.fetch', '+refs/notes/*:refs/notes/*')
      await gantry.until('noted', async () => {
        await clone.git('fetch', '--quiet')
        return (await clone.git('log', '-1', '--notes=gantry/*')).includes('ealthy')
      })
      const observed = await clone.git('log', '--format=%s', 'origin/observed/hello')
      expect(observed.split('\n').length).toBeGreaterThan(3)
      expect(observed).toMatch(/hello/)
    })

    test.each([
      { name: 'a word for a number', from: 'replicas: 2', to: 'replicas: three', field: 'replicas', line: 15 },
      { name: 'a misspelt field', from: 'containers:\n', to: 'containerz:\n', field: 'containerz', line: 26 },
    ])('a push with $name is refused and changes nothing', async ({ from, to, field, line }) => {
      const before = await gantry.api<object>('/apis/apps/v1/namespaces/default/deployments/hello')
      edit('hello.yaml', [from, to])
      await clone.git('commit', '--quiet', '--all', '--message', 'A mistake')
      const push = await clone.tryGit('push')
      await clone.git('reset', '--quiet', '--hard', 'HEAD~1')
      expect(push.code).not.toBe(0)
      expect(push.stderr).toMatch(new RegExp(`remote: hello.yaml:${line}:\\d+: error: .*${field}.*;`))
      expect(await gantry.api<object>('/apis/apps/v1/namespaces/default/deployments/hello')).toEqual(before)
    })

    test('gantry rollback goes back to the last healthy commit by a new one', async () => {
      edit('hello.yaml', ['value: "1"', 'value: "3"'])
      await clone.push('Version 3')
      await gantry.until('new', async () => (await ask(hello)).includes('version 3'), 10)
      await gantry.until('healthy', async () => (await deploymentStatus(gantry)).updatedOnly, 20)
      const rollback = await gantry.cli('rollback')
      expect(rollback).toMatchObject({ code: 0 })
      await gantry.until('old again', async () => (await ask(hello)).includes('version 1'), 10)
      await clone.git('pull', '--quiet')
      expect(readFileSync(join(clone.path, 'hello.yaml'), 'utf8')).toContain('value: "1"')
    })

    test('Ctrl-C says that the pods keep running, and they do', async () => {
      await gantry.until('healthy', async () => (await deploymentStatus(gantry)).updatedOnly, 20)
      expect(await gantry.stop('SIGINT')).toBe(0)
      expect(gantry.output).toMatch(/pods keep running/)
      expect(await ask(hello)).toBe('Hello from Gantry, version 1\n')
      await gantry.start()
    })

    test('gantry down stops them', async () => {
      const down = await gantry.cli('down', '--data', gantry.data)
      expect(down).toMatchObject({ code: 0 })
      await expect(ask(hello)).rejects.toThrow()
      expect(gantry.processes('proxy.js')).toEqual([])
    })
  })
}

async function deploymentStatus(gantry: Gantry): Promise<{ updatedOnly: boolean }> {
  interface Live {
    metadata: { generation: number }
    spec: { replicas: number }
    status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; availableReplicas?: number }
  }
  const { metadata, spec, status } = await gantry.api<Live>('/apis/apps/v1/namespaces/default/deployments/hello')
  const updatedOnly =
    status?.observedGeneration === metadata.generation &&
    status.replicas === spec.replicas &&
    status.updatedReplicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  return { updatedOnly }
}
