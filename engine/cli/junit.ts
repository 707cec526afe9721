import { formatProblem, type Problem } from '../api/problem.ts'

/** An object that has no error, and the file that it comes from. */
export interface ValidObject {
  readonly object: string
  readonly file: string
}

interface JunitOptions {
  readonly valid: readonly ValidObject[]
  readonly root: string
}

/** An object, or what of a file is no object's. */
interface Case {
  readonly file: string
  readonly name: string
  readonly problems: Problem[]
}

/**
 * A test case an object; errors fail it, warnings are its output. Tools read one failure a case, and of cases that are
 * named alike only the first: https://docs.gitlab.com/ci/testing/unit_test_reports/
 */
export function junit(problems: readonly Problem[], { valid, root }: JunitOptions): string {
  const cases = new Map<string, Case>()
  const caseOf = (file: string, object = file): Case => {
    const key = JSON.stringify([file, object])
    const found = cases.get(key) ?? { file: `${root}${file}`, name: object, problems: [] }
    cases.set(key, found)
    return found
  }
  for (const { file, object } of valid) caseOf(file, object)
  for (const problem of problems) caseOf(problem.file, problem.object).problems.push(problem)
  const all = [...cases.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const failed = all.filter(each => each.problems.some(isError)).length
  const counts = `tests="${all.length}" failures="${failed}" errors="0" skipped="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gantry validate" ${counts}>`,
    `  <testsuite name="gantry validate" ${counts}>`,
    ...all.map(testcase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function key({ file, name }: Case): string {
  return `${file}\n${name}`
}

function testcase({ file, name, problems }: Case): string {
  const head = `<testcase classname="${escapeXml(file)}" name="${escapeXml(name)}" file="${escapeXml(file)}"`
  const errors = problems.filter(isError)
  const warnings = problems.filter(problem => !isError(problem))
  const [first] = errors
  if (problems.length === 0) return `    ${head}/>`
  return [
    `    ${head}>`,
    ...(first === undefined
      ? []
      : [`      <failure message="${escapeXml(first.message)}" type="error">${lines(errors)}</failure>`]),
    ...(warnings.length === 0 ? [] : [`      <system-out>${lines(warnings)}</system-out>`]),
    '    </testcase>',
  ].join('\n')
}

function lines(problems: readonly Problem[]): string {
  return escapeXml(problems.map(formatProblem).join('\n'))
}

function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // XML 1.0 has no way to write control characters, surrogates that stand alone, and two others.
  return text
    .replace(/[&<>"]/g, found => entities[found] ?? found)
    .replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\ufffe\uffff]/gu, '\ufffd')
}
