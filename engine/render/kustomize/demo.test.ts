import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { describeRef, refOf } from '../../api/reference.ts'
import type { KubeObject } from '../../api/types.ts'
import { readDirectory } from '../directory.ts'
import { createRenderer } from '../renderer.ts'

const demo = fileURLToPath(new URL('../../../../shared/corpus/apps/microservices-demo/', import.meta.url))

describeWith(['corpus'], 'microservices-demo', () => {
  const renderer = createRenderer({ workers: 1, validate: false })
  afterAll(() => renderer.close())

  async function objectsOf(folder: string, file = /./): Promise<Record<string, KubeObject>> {
    const { manifests, problems } = await renderer.render(readDirectory(`${demo}${folder}`))
    expect(problems).toEqual([])
    const wanted = manifests.filter(({ origin }) => file.test(origin.file))
    return Object.fromEntries(wanted.map(({ object }) => [describeRef(refOf(object)), object]))
  }

  test('its kustomize/ gives what its release/ holds', async () => {
    const released = await objectsOf('release', /^kubernetes-manifests/)
    expect(Object.keys(released)).toHaveLength(35)
    expect(await objectsOf('kustomize')).toEqual(released)
  })
})
