import type { Problem } from '../api/problem.ts'
import { version } from '../../machine/version.ts'

/** What is wrong by Kubernetes's and Gantry's own rules. */
const ownRule = 'manifest'

/** SARIF 2.1.0, as much of it as GitHub reads: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning */
export function sarif(problems: readonly Problem[], root: string) {
  const policies = [...new Set(problems.flatMap(({ policy }) => policy ?? []))].sort()
  const rules = [
    { id: ownRule, shortDescription: { text: 'A manifest is what Kubernetes and Gantry can run' } },
    ...policies.map(name => ({ id: name, shortDescription: { text: `The policy ${name} of gantry.yaml is kept` } })),
  ]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'gantry', version, rules } },
        columnKind: 'utf16CodeUnits',
        results: problems.map(problem => ({
          ruleId: problem.policy ?? ownRule,
          level: problem.severity,
          message: { text: sentence(problem) },
          locations: [{ physicalLocation: physicalLocation(problem, root) }],
        })),
      },
    ],
  }
}

/** GitHub shows nothing that has no line: what concerns a whole file is shown at its first. */
function physicalLocation({ file, line, column }: Problem, root: string) {
  const uri = `${root}${file}`.split('/').map(encodeURIComponent).join('/')
  const region = line === 0 ? { startLine: 1 } : { startLine: line, startColumn: column }
  return { artifactLocation: { uri }, region }
}

function sentence({ message, remedy }: Problem): string {
  return remedy === undefined ? message : `${message}; ${remedy}`
}
