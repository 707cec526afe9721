import Handlebars from 'handlebars'
import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { Remembered } from '../remembered.ts'
import { Lines } from '../source-text.ts'
import type { Expression, HashEntry, Home, Literal, Path, PartialCall, Program, Statement } from './template.ts'

/** What the parser gives, which nothing changes. */
const parsed = new Remembered<hbs.AST.Program>({ mostBytes: 32 << 20, bytesOf: text => text.length * bytesOfLetter })
/** At most: of a template that is one short tag after the other. */
const bytesOfLetter = 100

export interface ParseOptions {
  readonly file: string
  readonly home: Home
  /** Where a text stands that is no file of its own; its own lines are not that file's. */
  readonly inside?: Origin
}

/** The parser takes time that grows with the cube of the depth. */
const deepest = 100
const largestTemplate = 1 << 20

/** Reads a template. Throws RenderFailure. */
export function parseTemplate(text: string, options: ParseOptions): Program {
  refuseCostly(text, options)
  try {
    return new Reader(options).program(parsed.get(text, () => Handlebars.parse(text)))
  } catch (error) {
    if (error instanceof RenderFailure || !(error instanceof Error)) throw error
    throw parseFailure(error, { text, options })
  }
}

function placeOf({ file, inside }: ParseOptions, place: { readonly line: number; readonly column: number }): Origin {
  return inside ?? { file, ...place }
}

function refuseCostly(text: string, options: ParseOptions): void {
  const origin = placeOf(options, { line: 1, column: 1 })
  if (text.length > largestTemplate) {
    throw new RenderFailure(`the template is larger than ${largestTemplate >> 10} KiB`, {
      origin,
      remedy: 'split it, or read large texts with Files.Get',
    })
  }
  refuseDeep(text, { opens: /\(/, closes: /\)/, what: 'parentheses', options })
  refuseDeep(text, { opens: /\{\{~?(?:#|\^(?!~?\}))/, closes: /\{\{~?\//, what: 'blocks', options })
}

interface Nesting {
  readonly opens: RegExp
  readonly closes: RegExp
  readonly what: string
  readonly options: ParseOptions
}

function refuseDeep(text: string, { opens, closes, what, options }: Nesting): void {
  let depth = 0
  const signs = new RegExp(`(${opens.source})|${closes.source}`, 'g')
  for (const { 1: opening, index } of text.matchAll(signs)) {
    depth = opening === undefined ? Math.max(0, depth - 1) : depth + 1
    if (depth <= deepest) continue
    throw new RenderFailure(`more than ${deepest} ${what} stand inside one another`, {
      origin: placeOf(options, new Lines(text).at(index)),
      remedy: 'divide the template among partials',
    })
  }
}

function parseFailure(
  error: Error,
  { text, options }: { readonly text: string; readonly options: ParseOptions },
): RenderFailure {
  const place = 'lineNumber' in error ? namedPlace(error) : shownPlace(error.message, text)
  const line = options.inside === undefined ? '' : ` (line ${place.line} of the text)`
  return new RenderFailure(`not a valid template: ${inWords(error.message)}${line}`, {
    origin: placeOf(options, place),
    ...remedyFor(error.message),
  })
}

function namedPlace(error: object): { line: number; column: number } {
  const [line, column] = [Reflect.get(error, 'lineNumber'), Reflect.get(error, 'column')]
  return { line: Number(line) || 1, column: (Number(column) || 0) + 1 }
}

/** Of a syntax error the parser tells the line, and the column only by an arrow under the last 20 letters before it. */
function shownPlace(message: string, text: string): { line: number; column: number } {
  const [, given = '1', excerpt = '', arrow = ''] = /on line (\d+):\n(.*)\n(-*)\^/.exec(message) ?? []
  const line = Number(given)
  const before = excerpt.slice(0, arrow.length).replace(/^\.\.\./, '')
  const after = excerpt.slice(arrow.length).replace(/\.\.\.$/, '')
  const lines = text.split('\n')
  const own = lines[line - 1] ?? ''
  const start = lines.slice(0, line - 1).join('').length
  const joined = lines.join('')
  for (let column = own.length; column >= 0; column--) {
    const at = start + column
    if (joined.startsWith(after, at) && joined.slice(0, at).endsWith(before)) return { line, column: column + 1 }
  }
  return { line, column: 1 }
}

function inWords(message: string): string {
  const found = /\nExpecting .*, got '(\w+)'$/.exec(message)?.[1]
  if (found === 'EOF') return 'it ends inside a block or an expression'
  if (found !== undefined) return `${tokenWords[found] ?? found} is not expected here`
  return message.replace(/ - \d+:\d+$/, '').replace(/^Lexical error on line.*/s, 'a sign that has no meaning here')
}

const tokenWords: Readonly<Record<string, string>> = {
  INVALID: 'this sign',
  CLOSE: 'the end of the expression',
  CLOSE_SEXPR: 'a closing parenthesis',
  OPEN_SEXPR: 'an opening parenthesis',
  OPEN_ENDBLOCK: 'the end of a block',
  INVERSE: '{{else}}',
  EQUALS: 'an equals sign',
  SEP: 'a dot or slash',
  STRING: 'a text',
}

function remedyFor(message: string): { remedy?: string } {
  if (message.includes("got 'EOF'")) return { remedy: 'close it, as in {{/if}} or }}' }
  const [, opened, closed] = /^(\S+) doesn't match (\S+)/.exec(message) ?? []
  if (opened !== undefined && closed !== undefined) return { remedy: `write {{/${opened}}} for {{/${closed}}}` }
  if (/\{\{-?\s*\.|got 'SEP'/.test(message)) return { remedy: 'write {{Values.x}}: a path begins without a dot' }
  return {}
}

const empty: Program = { statements: [], inlines: new Map() }

/** Turns the parser's tree into ours, and refuses what has no meaning in a chart. */
class Reader {
  readonly #options: ParseOptions

  constructor(options: ParseOptions) {
    this.#options = options
  }

  program(program: hbs.AST.Program | undefined): Program {
    if (program === undefined || program === null) return empty
    const inlines = program.body.filter(isInline).map(block => this.#inline(block))
    return {
      statements: program.body.flatMap(statement => this.#statement(statement)),
      inlines: new Map(inlines.map(({ name, body }) => [name, { program: body, home: this.#options.home }])),
    }
  }

  #statement(statement: hbs.AST.Statement): Statement[] {
    const origin = this.#origin(statement)
    if (isContent(statement)) return this.#text(statement)
    if (isMustache(statement)) return [{ kind: 'output', value: this.#mustache(statement), origin }]
    if (isBlock(statement)) {
      return [
        {
          kind: 'block',
          ...this.#call(statement),
          names: statement.program?.blockParams ?? statement.inverse?.blockParams ?? [],
          body: this.program(statement.program),
          otherwise: this.program(statement.inverse),
        },
      ]
    }
    if (isPartial(statement)) return [this.#partial(statement, undefined)]
    if (isPartialBlock(statement)) return [this.#partial(statement, this.program(statement.program))]
    if (isInline(statement) || statement.type === 'CommentStatement') return []
    throw new RenderFailure('decorators have no meaning in a chart', {
      origin,
      remedy: 'define a partial with {{#*inline "name"}}',
    })
  }

  #text({ value, original, loc, ...flags }: hbs.AST.ContentStatement): Statement[] {
    if (value === '') return []
    // White space at the beginning that a neighbour took away still counts for lines and columns.
    const written = String(original)
    const skipped = 'rightStripped' in flags ? written.slice(0, Math.max(0, written.lastIndexOf(value))) : ''
    const breaks = skipped.split('\n')
    const line = loc.start.line + breaks.length - 1
    const column = (breaks.length > 1 ? 0 : loc.start.column) + (breaks.at(-1)?.length ?? 0) + 1
    const exact = this.#options.inside === undefined
    return [{ kind: 'text', text: value, exact, origin: placeOf(this.#options, { line, column }) }]
  }

  /** `{{name}}` may be a field or a helper: it is told apart where it is evaluated. */
  #mustache(statement: hbs.AST.MustacheStatement): Expression {
    const { path, params, hash } = statement
    const plain = params.length === 0 && (hash === undefined || hash.pairs.length === 0)
    return plain ? this.#expression(path) : { kind: 'call', ...this.#call(statement) }
  }

  #call(
    node: hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression,
  ): Omit<Extract<Expression, { kind: 'call' }>, 'kind'> {
    const { path, params, hash } = node
    const origin = this.#origin(node)
    if (!isPath(path)) throw new RenderFailure('only a helper can be given arguments', { origin })
    return { name: path.original, params: params.map(each => this.#expression(each)), hash: this.#hash(hash), origin }
  }

  #partial(
    { name, params, hash, loc, type, ...rest }: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement,
    body: Program | undefined,
  ): PartialCall {
    const origin = this.#origin({ type, loc })
    const named: Literal | Expression = isSubExpression(name)
      ? this.#expression(name)
      : { kind: 'literal', value: String(name.original), origin }
    const indent = 'indent' in rest ? rest.indent : ''
    return {
      kind: 'partial',
      name: named,
      params: params.map(each => this.#expression(each)),
      hash: this.#hash(hash),
      indent,
      body,
      origin,
    }
  }

  #inline({ params, program, ...node }: hbs.AST.DecoratorBlock): { name: string; body: Program } {
    const name = params[0]
    if (name === undefined || !isLiteral(name) || typeof name.value !== 'string') {
      throw new RenderFailure('an inline partial needs a name', {
        origin: this.#origin(node),
        remedy: 'write {{#*inline "name"}}',
      })
    }
    return { name: name.value, body: this.program(program) }
  }

  #hash(hash: hbs.AST.Hash | undefined): HashEntry[] {
    return (hash?.pairs ?? []).map(({ key, value }) => ({ name: key, value: this.#expression(value) }))
  }

  #expression(node: hbs.AST.Expression): Expression {
    const origin = this.#origin(node)
    if (isPath(node)) return this.#path(node)
    if (isSubExpression(node)) return { kind: 'call', ...this.#call(node) }
    return { kind: 'literal', value: isLiteral(node) ? node.value : null, origin }
  }

  #path(node: hbs.AST.PathExpression): Path {
    const { original, data, depth, parts } = node
    return { kind: 'path', written: original, data, depth, parts, origin: this.#origin(node) }
  }

  #origin({ loc }: hbs.AST.Node): Origin {
    return placeOf(this.#options, { line: loc.start.line, column: loc.start.column + 1 })
  }
}

function isContent(node: hbs.AST.Node): node is hbs.AST.ContentStatement {
  return node.type === 'ContentStatement'
}

function isMustache(node: hbs.AST.Node): node is hbs.AST.MustacheStatement {
  return node.type === 'MustacheStatement'
}

function isBlock(node: hbs.AST.Node): node is hbs.AST.BlockStatement {
  return node.type === 'BlockStatement'
}

function isPartial(node: hbs.AST.Node): node is hbs.AST.PartialStatement {
  return node.type === 'PartialStatement'
}

function isPartialBlock(node: hbs.AST.Node): node is hbs.AST.PartialBlockStatement {
  return node.type === 'PartialBlockStatement'
}

function isInline(node: hbs.AST.Node): node is hbs.AST.DecoratorBlock {
  return node.type === 'DecoratorBlock' && (node as hbs.AST.DecoratorBlock).path.original === 'inline'
}

function isPath(node: hbs.AST.Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression'
}

function isSubExpression(node: hbs.AST.Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression'
}

function isLiteral(node: hbs.AST.Node): node is hbs.AST.StringLiteral | hbs.AST.NumberLiteral | hbs.AST.BooleanLiteral {
  return node.type === 'StringLiteral' || node.type === 'NumberLiteral' || node.type === 'BooleanLiteral'
}
