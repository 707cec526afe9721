import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { Deployment, KubeObject } from '../api/types.ts'
import { describeRef, refOf } from '../api/reference.ts'
import { readDirectory } from './directory.ts'
import { createRenderer } from './renderer.ts'

const renderer = createRenderer({ workers: 1 })
afterAll(() => renderer.close())

async function render(example: string, paths?: readonly string[]) {
  const folder = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url))
  return renderer.render(readDirectory(folder), paths === undefined ? {} : { paths })
}

function inWords(object: KubeObject): string {
  const replicas = object.kind === 'Deployment' ? ` × ${(object as Deployment).spec.replicas}` : ''
  return `${describeRef(refOf(object))}${replicas}`
}

const staging = [
  'Namespace staging',
  'Service staging/greeter',
  'Deployment staging/greeter × 1',
  'ConfigMap staging/greeter-HASH',
]
const production = [
  'Namespace production',
  'Service production/greeter',
  'Deployment production/greeter × 2',
  'PodDisruptionBudget production/greeter',
  'ConfigMap production/greeter-HASH',
]

// The workers run the built program (npm run build).
test.each<{ example: string; paths?: string[]; gives: string[] }>([
  { example: 'hello', gives: ['ConfigMap default/hello', 'Deployment default/hello × 2', 'Service default/hello'] },
  {
    example: 'charts',
    gives: ['evening', 'morning'].flatMap(name => [
      `Release default/${name}`,
      `Job default/${name}-migration`,
      `Deployment default/${name} × ${name === 'evening' ? 1 : 2}`,
      `Service default/${name}`,
    ]),
  },
  { example: 'overlays', paths: ['staging'], gives: staging },
  { example: 'overlays', paths: ['production'], gives: production },
  { example: 'overlays', gives: [...production, ...staging] },
])('$example, following $paths, is valid and gives what it says', async ({ example, paths, gives }) => {
  const { manifests, problems } = await render(example, paths)
  expect(problems).toEqual([])
  const words = manifests.map(({ object }) => inWords(object).replace(/-[a-z0-9]{10}$/, '-HASH'))
  expect(words.toSorted()).toEqual(gives.toSorted())
})
