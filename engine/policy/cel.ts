import { Environment, type ASTNode, type ParseResult, type TypeCheckResult } from '@marcbachmann/cel-js'
import { addAddresses } from './cel-address.ts'
import { addLists } from './cel-list.ts'
import { addQuantities } from './cel-quantity.ts'
import { addTexts } from './cel-text.ts'
import { addTwoVariables } from './cel-two-variables.ts'
import { addUrls } from './cel-url.ts'

/** What an expression can read. Values are as `celValue` gives them. */
export interface Scope {
  readonly object: unknown
  /** Fields are read when they are asked for. */
  readonly variables: object
}

/** What came out of an expression, or why nothing did. */
export type Outcome = { readonly value: unknown } | { readonly failure: string }

export type Expression = (scope: Scope) => Outcome

export interface CompileOptions {
  /** The type that is wanted; undefined where any will do. */
  readonly gives: 'bool' | 'string' | undefined
  /** The variables that it may read. */
  readonly variables: readonly string[]
}

const words = { bool: 'true or false', string: 'text' }

const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable('object', 'dyn')
  .registerVariable('variables', 'dyn')
for (const add of [addAddresses, addLists, addQuantities, addTexts, addTwoVariables, addUrls]) add(environment)

/** What Kubernetes's admission has and a render cannot: it follows from the commit alone. */
const absent: Readonly<Record<string, string>> = {
  oldObject: 'a commit is judged by what it holds, whatever the cluster had before it',
  request: 'nobody asks for an object here but the commit',
  authorizer: 'who may commit is for the repository to say',
  params: 'write the value into the rule, as a variable',
  namespaceObject: 'ask for object.metadata.namespace, or name it under match.namespaces',
}

/** Reads an expression in CEL: https://kubernetes.io/docs/reference/using-api/cel/. Throws a RangeError that says what is wrong with it. */
export function compile(text: string, { gives, variables }: CompileOptions): Expression {
  const checked = environment.check(text)
  if (checked.error !== undefined) throw mistake(text, checked.error)
  if (gives !== undefined && checked.type !== gives && checked.type !== 'dyn') {
    throw new RangeError(`it gives ${checked.type ?? 'nothing'}, not ${words[gives]}`)
  }
  const parsed = environment.parse(text)
  checkParts(parsed.ast, variables)
  return scope => {
    const outcome = run(parsed, scope)
    if ('failure' in outcome || gives === undefined || isOf(gives, outcome.value)) return outcome
    return { failure: `it gives no ${words[gives]}` }
  }
}

function mistake(text: string, error: NonNullable<TypeCheckResult['error']>): RangeError {
  const summary = summaryOf(error)
  const place = placeIn(text, error.range)
  const [, unknown = ''] = /^Unknown variable: (\w+)$/.exec(summary) ?? []
  if (!Object.hasOwn(absent, unknown)) return new RangeError(`${summary}${place}`)
  return new RangeError(`there is no ${unknown}${place}: ${absent[unknown]}`)
}

/** What the library says without the expression; what functions of ours say is all there is. */
function summaryOf(error: Error): string {
  return 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message
}

function run(parsed: ParseResult, { object, variables }: Scope): Outcome {
  try {
    return { value: parsed({ object, variables }) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { failure: summaryOf(error) }
  }
}

function isOf(type: 'bool' | 'string', value: unknown): boolean {
  return typeof value === (type === 'bool' ? 'boolean' : 'string')
}

/** ` at line 2, column 7 of it`, where it has more than one line. */
function placeIn(text: string, range: { readonly start: number } | undefined): string {
  if (range === undefined) return ''
  const before = text.slice(0, range.start).split('\n')
  const column = `column ${(before.at(-1)?.length ?? 0) + 1}`
  return ` at ${text.trim().includes('\n') ? `line ${before.length}, ${column}` : column} of the expression`
}

const patternCalls: ReadonlySet<string> = new Set(['matches', 'find', 'findAll'])

/** What the library would find out only about an object that comes to it: variables and patterns that are none. */
function checkParts(node: ASTNode, variables: readonly string[]): void {
  if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'variables') {
    const [, name] = node.args
    if (!variables.includes(name)) throw new RangeError(`no variable ${name} is defined before it`)
  }
  if (node.op === 'rcall' && patternCalls.has(node.args[0])) checkPattern(node.args[2][0])
  for (const inner of nodesIn(node.args)) checkParts(inner, variables)
}

function checkPattern(node: ASTNode | undefined): void {
  if (node?.op !== 'value' || typeof node.args !== 'string') return
  try {
    RegExp(node.args)
  } catch (error) {
    throw new RangeError(`${error instanceof Error ? error.message : 'not a regular expression'}`, { cause: error })
  }
}

function nodesIn(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn)
  return isNode(args) ? [args] : []
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
