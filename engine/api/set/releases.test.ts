import { expect, test } from 'vitest'
import { checkSet } from '../check-set.ts'
import type { Manifest } from '../manifest.ts'
import { formatProblem } from '../problem.ts'

/** `web>db,cache`: a ConfigMap of release web, which depends on two others. */
function manifestOf(word: string, line: number): Manifest {
  const [name = '', needs = ''] = word.split('>')
  return {
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } },
    origin: { file: 'chart.yaml', line, column: 1 },
    release: {
      name,
      namespace: 'default',
      dependsOn: needs === '' ? [] : needs.split(','),
      origin: { file: 'releases.yaml', line: line + 1, column: 3 },
    },
  }
}

test.each<{ name: string; releases: string[]; says: string[] }>([
  { name: 'in order', releases: ['web>db,default/cache', 'db>cache', 'cache'], says: [] },
  {
    name: 'one that is not there, misspelt',
    releases: ['web>dbb', 'db'],
    says: [
      'releases.yaml:1:3: error: Release default/web: spec.dependsOn names default/dbb, a release that the commit does not have; did you mean default/db?',
    ],
  },
  {
    name: 'one of another namespace that is not there',
    releases: ['web>elsewhere/queue'],
    says: [
      'releases.yaml:1:3: error: Release default/web: spec.dependsOn names elsewhere/queue, a release that the commit does not have; add release elsewhere/queue, or remove it from dependsOn',
    ],
  },
  {
    name: 'two that wait for each other, and one that waits for them',
    releases: ['web>db', 'db>web', 'top>web'],
    says: [
      'releases.yaml:1:3: error: Release default/web: spec.dependsOn goes round: default/web → default/db → default/web; remove one of these',
      'releases.yaml:2:3: error: Release default/db: spec.dependsOn goes round: default/db → default/web → default/db; remove one of these',
    ],
  },
  {
    name: 'one that waits for itself',
    releases: ['web>web'],
    says: [
      'releases.yaml:1:3: error: Release default/web: spec.dependsOn goes round: default/web → default/web; remove one of these',
    ],
  },
])('$name', ({ releases, says }) => {
  const { problems } = checkSet(releases.map(manifestOf))
  expect(problems.map(formatProblem)).toEqual(says)
})
