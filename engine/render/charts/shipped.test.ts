import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { writeKubectlYaml } from '../kubectl-yaml.ts'
import { memoryTree } from '../memory-tree.fixture.ts'
import { answerOf } from './answer.fixture.ts'

const root = fileURLToPath(new URL('../../../charts', import.meta.url))
const files = Object.fromEntries(
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => [`charts/${path.slice(root.length + 1)}`, readFileSync(path)]),
)
const cases = Object.keys(files).filter(path => path.endsWith('.values.yaml'))

/** `npx vitest run -u` writes the golden files anew. */
test.each(cases)('%s', async values => {
  const chart = values.split('/').slice(0, 2).join('/')
  const { manifests, notes, problems } = answerOf(
    memoryTree(files),
    {
      name: 'shop',
      namespace: 'production',
      chart,
      values: [{ file: values, isOptional: false }],
    },
    { validate: false },
  )
  expect(problems).toEqual([])
  const text = manifests.map(({ object }) => writeKubectlYaml(object)).join('---\n')
  await expect(`${text}# ${notes.trim().replaceAll('\n', '\n# ')}\n`).toMatchFileSnapshot(
    join(root, '..', values.replace('.values.yaml', '.yaml')),
  )
})

test.each(cases)('%s holds what a cluster takes', values => {
  const { problems } = answerOf(memoryTree(files), {
    name: 'shop',
    namespace: 'production',
    chart: values.split('/').slice(0, 2).join('/'),
    values: [{ file: values, isOptional: false }],
  })
  const notYet = /is not supported by Gantry yet/
  expect(problems.filter(({ severity, message }) => severity === 'error' && !notYet.test(message))).toEqual([])
})
