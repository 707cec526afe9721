import { formatProblem, type Problem } from '../api/problem.ts'
import { version } from '../../machine/version.ts'
import type { Terminal } from './terminal.ts'

export type ProblemFormat = 'text' | 'json' | 'sarif' | 'junit'

interface ReportOptions {
  readonly format: ProblemFormat
  /** How many objects are valid. */
  readonly objects: number
  readonly colors: Terminal['colors']
}

/** Problems for people, or for the tools of a continuous integration. */
export function formatProblems(problems: readonly Problem[], { format, objects, colors }: ReportOptions): string {
  switch (format) {
    case 'text':
      return text(problems, { objects, colors })
    case 'json':
      return `${JSON.stringify({ objects, problems }, undefined, 2)}\n`
    case 'sarif':
      return `${JSON.stringify(sarif(problems), undefined, 2)}\n`
    case 'junit':
      return junit(problems)
  }
}

function text(problems: readonly Problem[], { objects, colors }: Omit<ReportOptions, 'format'>): string {
  const lines = problems.map(problem => {
    const paint = problem.severity === 'error' ? colors.red : colors.yellow
    return formatProblem(problem).replace(`: ${problem.severity}: `, `: ${paint(problem.severity)}: `)
  })
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const counts = [count(objects, 'valid object'), count(errors, 'error'), count(problems.length - errors, 'warning')]
  return `${[...lines, counts.join(', ')].join('\n')}\n`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** SARIF 2.1.0, the least that code hosts show as annotations. */
function sarif(problems: readonly Problem[]) {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'gantry', version, rules: [{ id: 'manifest' }] } },
        results: problems.map(problem => ({
          ruleId: 'manifest',
          level: problem.severity,
          message: { text: sentence(problem) },
          locations: [{ physicalLocation: physicalLocation(problem) }],
        })),
      },
    ],
  }
}

function physicalLocation({ file, line, column }: Problem) {
  const artifactLocation = { uri: file.split('/').map(encodeURIComponent).join('/') }
  return line === 0 ? { artifactLocation } : { artifactLocation, region: { startLine: line, startColumn: column } }
}

function sentence({ message, remedy }: Problem): string {
  return remedy === undefined ? message : `${message}; ${remedy}`
}

/** A test case a file that has problems; errors fail it. */
function junit(problems: readonly Problem[]): string {
  const files = [...new Set(problems.map(({ file }) => file))].sort()
  const cases = files.map(file => {
    const found = problems.filter(problem => problem.file === file)
    const failures = found.map(problem => {
      const element = problem.severity === 'error' ? 'failure' : 'system-out'
      return `    <${element}>${escapeXml(formatProblem(problem))}</${element}>`
    })
    return [`  <testcase classname="gantry" name="${escapeXml(file)}">`, ...failures, '  </testcase>'].join('\n')
  })
  const failed = files.filter(file => problems.some(each => each.file === file && each.severity === 'error')).length
  const suite = `<testsuite name="gantry validate" tests="${files.length}" failures="${failed}">`
  return ['<?xml version="1.0" encoding="UTF-8"?>', suite, ...cases, '</testsuite>', ''].join('\n')
}

function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // XML 1.0 has no way to write control characters.
  return text.replace(/[&<>"]/g, found => entities[found] ?? found).replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
}
