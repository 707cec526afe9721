import { expect, test } from 'vitest'
import { condense } from './condense.ts'
import { formatProblem } from './problem.ts'
import type { Problem } from './problem.ts'

const noToken = 'kind ServiceAccount is not acted on: pods get no token'
const noAffinity = 'spec.affinity is not honoured'
const wrong = 'spec.replicas must be a whole number, not "three"'

function warning(file: string, message: string): Problem {
  return { file, line: 2, column: 7, severity: 'warning', message }
}

function error(file: string): Problem {
  return { file, line: 4, column: 1, severity: 'error', message: wrong, remedy: 'write replicas: 3' }
}

test.each<{ name: string; problems: readonly Problem[]; lines: readonly string[] }>([
  { name: 'nothing', problems: [], lines: [] },
  {
    name: 'three alike are all told',
    problems: ['a', 'b', 'c'].map(file => warning(file, noToken)),
    lines: ['a', 'b', 'c'].map(file => `${file}:2:7: warning: ${noToken}`),
  },
  {
    name: 'the third counts those after it, each wording by itself, in the order of the files',
    problems: ['a', 'b', 'c', 'd', 'e']
      .flatMap(file => [warning(file, noToken), warning(file, noAffinity)])
      .slice(0, 9),
    lines: [
      `a:2:7: warning: ${noToken}`,
      `a:2:7: warning: ${noAffinity}`,
      `b:2:7: warning: ${noToken}`,
      `b:2:7: warning: ${noAffinity}`,
      `c:2:7: warning: ${noToken} (and 2 more places: gantry validate names them)`,
      `c:2:7: warning: ${noAffinity} (and 1 more place: gantry validate names them)`,
    ],
  },
  {
    name: 'errors are all told',
    problems: ['a', 'b', 'c', 'd', 'e'].map(error),
    lines: ['a', 'b', 'c', 'd', 'e'].map(file => `${file}:4:1: error: ${wrong}; write replicas: 3`),
  },
  {
    name: 'another remedy is another wording',
    problems: ['a', 'b', 'c', 'd'].map(file => ({ ...warning(file, noToken), remedy: `remove ${file}` })),
    lines: ['a', 'b', 'c', 'd'].map(file => `${file}:2:7: warning: ${noToken}; remove ${file}`),
  },
])('$name', ({ problems, lines }) => {
  expect(condense(problems).map(formatProblem)).toEqual(lines)
})
