/** Rules of gantry.yaml: what breaks one is refused at the push, and so is a rule that what runs breaks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'

const policy = `apiVersion: gantry.dev/v1
kind: Cluster
spec:
  policy:
    rules:
      - name: at-most-two
        match: { kinds: [apps/Deployment] }
        validations:
          - expression: object.spec.replicas <= 2
            messageExpression: "'at most 2 replicas here, not ' + string(object.spec.replicas)"
            fieldPath: .spec.replicas
`
const noDefaults = `      - name: no-default-namespace
        exclude: { kinds: [Namespace] }
        validations:
          - expression: object.metadata.namespace != 'default'
            message: put it into a namespace of its own
`

describeWith(['root', 'git'], 'policy', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
    write('gantry.yaml', policy)
    await clone.git('add', 'gantry.yaml')
    expect(await clone.push('At most two')).toContain('plan: nothing to change')
  })
  afterAll(async () => {
    await gantry?.down()
  })

  function write(file: string, text: string): void {
    writeFileSync(join(clone.path, file), text)
  }

  /** Commits what was written, pushes it, and takes it back. */
  async function refusal(): Promise<string[]> {
    await clone.git('commit', '--quiet', '--all', '--message', 'A mistake')
    const push = await clone.tryGit('push')
    await clone.git('reset', '--quiet', '--hard', 'HEAD~1')
    expect(push.code).not.toBe(0)
    return push.stderr.split('\n').flatMap(line => /^remote: (.*: error: .*?)\s*$/.exec(line)?.[1] ?? [])
  }

  test('a manifest that breaks a rule is refused, with its line', async () => {
    write('hello.yaml', readFileSync(join(clone.path, 'hello.yaml'), 'utf8').replace('replicas: 2', 'replicas: 3'))
    expect(await refusal()).toEqual(['hello.yaml:15:13: error: at most 2 replicas here, not 3 (policy at-most-two)'])
  })

  test('a rule that objects of the cluster break is refused, and each of them is named', async () => {
    write('gantry.yaml', policy + noDefaults)
    const message = 'error: put it into a namespace of its own (policy no-default-namespace)'
    expect(await refusal()).toEqual([
      `hello.yaml:3:1: ${message}`,
      `hello.yaml:10:1: ${message}`,
      `hello.yaml:57:1: ${message}`,
    ])
    const { items } = await gantry.api<{ items: { spec: { replicas: number } }[] }>('/apis/apps/v1/deployments')
    expect(items.map(({ spec }) => spec.replicas)).toEqual([2])
  })

  test('a rule that makes no sense is refused at its line', async () => {
    write('gantry.yaml', policy.replace('replicas <= 2', 'replicas <= '))
    const [line] = await refusal()
    expect(line).toMatch(
      /^gantry.yaml:9:25: error: spec.policy.rules\[0\].validations\[0\].expression makes no sense: /,
    )
  })
})
