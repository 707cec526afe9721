import pc from 'picocolors'
import { expect, test } from 'vitest'
import { version } from '../../machine/version.ts'
import type { Problem } from '../api/problem.ts'
import { formatProblems, type ProblemFormat } from './problem-report.ts'

const error: Problem = {
  file: 'shop/a b.yaml',
  line: 3,
  column: 7,
  severity: 'error',
  message: 'kind must be "x" & <y>',
  remedy: 'write x',
  object: 'Deployment shop/web',
}
const another: Problem = { ...error, line: 9, message: 'no \u0001 \ud800', policy: 'no-latest-tag' }
const warning: Problem = { ...another, severity: 'warning', message: 'has no effect' }
const whole: Problem = { file: 'gantry.yaml', line: 0, column: 0, severity: 'error', message: 'not YAML' }
const valid = [
  { object: 'Service shop/web', file: 'shop/svc.yaml' },
  { object: 'Service shop/old', file: 'shop/svc.yaml' },
]

function report(format: ProblemFormat, root = ''): string {
  return formatProblems([error, another, warning, whole], { format, valid, root, colors: pc.createColors(false) })
}

test('text has a line a problem, and the sums', () => {
  expect(formatProblems([error, warning], { format: 'text', valid, root: 'x/', colors: pc.createColors(false) })).toBe(
    `shop/a b.yaml:3:7: error: kind must be "x" & <y>; write x
shop/a b.yaml:9:7: warning: has no effect; write x
2 valid objects, 1 error, 1 warning
`,
  )
})

test('JSON has the problems as they are', () => {
  expect(JSON.parse(report('json'))).toEqual({ objects: 2, problems: [error, another, warning, whole] })
})

test('SARIF has a rule for each policy, paths from the root of the repository, and a line for all', () => {
  const at = (uri: string, region: object) => [
    { physicalLocation: { artifactLocation: { uri: `deploy/${uri}` }, region } },
  ]
  expect(JSON.parse(report('sarif', 'deploy/'))).toEqual({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'gantry',
            version,
            rules: [
              { id: 'manifest', shortDescription: { text: 'A manifest is what Kubernetes and Gantry can run' } },
              { id: 'no-latest-tag', shortDescription: { text: 'The policy no-latest-tag of gantry.yaml is kept' } },
            ],
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [
          {
            ruleId: 'manifest',
            level: 'error',
            message: { text: 'kind must be "x" & <y>; write x' },
            locations: at('shop/a%20b.yaml', { startLine: 3, startColumn: 7 }),
          },
          {
            ruleId: 'no-latest-tag',
            level: 'error',
            message: { text: 'no \u0001 \ud800; write x' },
            locations: at('shop/a%20b.yaml', { startLine: 9, startColumn: 7 }),
          },
          {
            ruleId: 'no-latest-tag',
            level: 'warning',
            message: { text: 'has no effect; write x' },
            locations: at('shop/a%20b.yaml', { startLine: 9, startColumn: 7 }),
          },
          {
            ruleId: 'manifest',
            level: 'error',
            message: { text: 'not YAML' },
            locations: at('gantry.yaml', { startLine: 1 }),
          },
        ],
      },
    ],
  })
})

test('JUnit has a case an object with at most one failure, and one for what is no object', () => {
  expect(report('junit')).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gantry validate" tests="4" failures="2" errors="0" skipped="0">
  <testsuite name="gantry validate" tests="4" failures="2" errors="0" skipped="0">
    <testcase classname="gantry.yaml" name="gantry.yaml" file="gantry.yaml">
      <failure message="not YAML" type="error">gantry.yaml: error: not YAML</failure>
    </testcase>
    <testcase classname="shop/a b.yaml" name="Deployment shop/web" file="shop/a b.yaml">
      <failure message="kind must be &quot;x&quot; &amp; &lt;y&gt;" type="error">shop/a b.yaml:3:7: error: kind must be &quot;x&quot; &amp; &lt;y&gt;; write x
shop/a b.yaml:9:7: error: no \ufffd \ufffd; write x</failure>
      <system-out>shop/a b.yaml:9:7: warning: has no effect; write x</system-out>
    </testcase>
    <testcase classname="shop/svc.yaml" name="Service shop/old" file="shop/svc.yaml"/>
    <testcase classname="shop/svc.yaml" name="Service shop/web" file="shop/svc.yaml"/>
  </testsuite>
</testsuites>
`)
})
