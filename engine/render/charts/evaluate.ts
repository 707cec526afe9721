import { nearest } from '../../api/nearest.ts'
import type { Origin } from '../../api/problem.ts'
import type { FieldPath } from '../../api/report.ts'
import { RenderFailure } from '../failure.ts'
import { isFields, setField, type Fields } from '../kustomize/fields.ts'
import type { Budget } from './budget.ts'
import { sortedKeys } from './helpers/collections.ts'
import { HelperFailure, isEmpty, typeInWords, type HelperContext } from './helpers/helper.ts'
import { blocks, helperOf, lenient, noHelper } from './helpers/table.ts'
import { Output } from './output.ts'
import { parseTemplate } from './parse.ts'
import { Paths, isScoped, type Found } from './paths.ts'
import { findBlock, findInline, type Frame, type PartialScope } from './scope.ts'
import type { Block, Call, Expression, PartialCall, Program, Template } from './template.ts'

export interface EvaluatorOptions {
  /** What templates begin at: Values, Release, Chart, … */
  readonly root: Fields
  /** Partials that any chart of the release defines. */
  readonly partials: ReadonlyMap<string, Template>
  readonly helpers: Omit<HelperContext, 'origin' | 'include' | 'tpl'>
  readonly budget: Budget
  /** Whether a part of the values must not be shown. */
  isSecret(path: FieldPath): boolean
}

/** What an expression was made of. */
interface Trace {
  readonly reads: FieldPath[]
  readonly parts: Output[]
}

/** Evaluates the templates of one chart. Everything that a template does wrong is a RenderFailure. */
export class Evaluator {
  readonly #options: EvaluatorOptions
  readonly #budget: Budget
  readonly #paths: Paths

  constructor(options: EvaluatorOptions) {
    this.#options = options
    this.#budget = options.budget
    this.#paths = new Paths(options.root)
  }

  render(template: Template, origin: Origin): Output {
    const output = new Output()
    try {
      this.#template(template, { frame: this.#frame(this.#options.root), output })
    } catch (error) {
      // The stack, or the length of a text, ended before a limit of ours.
      if (!(error instanceof RangeError)) throw error
      throw new RenderFailure('the template is nested too deeply, or makes too long a text', { origin })
    }
    return output
  }

  #frame(context: unknown, reads: readonly FieldPath[] = []): Omit<Frame, 'home'> {
    return { context, parent: undefined, data: new Map(), names: new Map(), partials: undefined, reads }
  }

  #template(
    { program, home }: Template,
    { frame, output }: { readonly frame: Omit<Frame, 'home'>; readonly output: Output },
  ): void {
    this.#program(program, { frame: { ...frame, home }, output })
  }

  #program(program: Program, { frame, output }: { readonly frame: Frame; readonly output: Output }): void {
    const partials: PartialScope | undefined =
      program.inlines.size === 0 ? frame.partials : { inlines: program.inlines, outer: frame.partials }
    const inner = { ...frame, partials }
    for (const statement of program.statements) {
      const { origin } = statement
      this.#budget.step(origin)
      switch (statement.kind) {
        case 'text':
          this.#budget.text(statement.text.length, origin)
          output.add(statement.text, { origin, exact: statement.exact, reads: frame.reads })
          break
        case 'output':
          this.#output(statement.value, { frame: inner, output })
          break
        case 'block':
          this.#budget.inside(origin, () => this.#block(statement, { frame: inner, output }))
          break
        case 'partial':
          this.#budget.inside(origin, () => this.#partial(statement, { frame: inner, output }))
          break
      }
    }
  }

  #output(expression: Expression, { frame, output }: { readonly frame: Frame; readonly output: Output }): void {
    const trace: Trace = { reads: [], parts: [] }
    const value = this.#statementValue(expression, { frame, trace })
    if (typeof value === 'object' && value !== null) {
      throw new RenderFailure(`${typeInWords(value)} cannot be written as it is`, {
        origin: expression.origin,
        remedy: 'write {{toYaml …}} or {{toJson …}}',
      })
    }
    const text = value === null || value === undefined ? '' : String(value)
    this.#budget.text(text.length, expression.origin)
    const mark = { origin: expression.origin, exact: false, reads: [...trace.reads, ...frame.reads] }
    output.addMade(text, { mark, parts: trace.parts })
  }

  /** `{{name}}` is a helper where one needs no argument, otherwise a field. */
  #statementValue(expression: Expression, { frame, trace }: { readonly frame: Frame; readonly trace: Trace }): unknown {
    if (expression.kind === 'path' && !isScoped(expression) && expression.depth === 0) {
      const { written, origin } = expression
      const isHelper = helperOf(written)?.least === 0 && !frame.names.has(written)
      if (isHelper) return this.#call({ name: written, params: [], hash: [], origin }, { frame, trace })
    }
    return this.#value(expression, { frame, trace })
  }

  #value(
    expression: Expression,
    { frame, trace, mayLack = false }: { readonly frame: Frame; readonly trace: Trace; readonly mayLack?: boolean },
  ): unknown {
    this.#budget.step(expression.origin)
    switch (expression.kind) {
      case 'literal':
        return expression.value
      case 'path':
        return this.#read(this.#paths.follow(expression, { frame, mayLack }), trace)
      case 'call':
        return this.#budget.inside(expression.origin, () => this.#call(expression, { frame, trace }))
    }
  }

  #read(found: Found | undefined, { reads }: Trace): unknown {
    const [root, ...path] = found?.source ?? []
    if (root === 'Values') reads.push(path)
    return found?.value
  }

  #call(
    { name, params, hash, origin }: Call,
    { frame, trace }: { readonly frame: Frame; readonly trace: Trace },
  ): unknown {
    const helper = helperOf(name)
    const mayLack = lenient.has(name)
    if (helper === undefined) throw placed(noHelper(name), origin)
    const args = params.map(each => this.#value(each, { frame, trace, mayLack }))
    // `dict a=1` is the shorter `dict "a" 1`.
    if (name === 'dict') for (const each of hash) args.push(each.name, this.#value(each.value, { frame, trace }))
    else if (hash.length > 0) throw new RenderFailure(`${name} takes no named arguments`, { origin })
    if (args.length < helper.least || args.length > helper.most) {
      const count = helper.least === helper.most ? `${helper.least}` : `${helper.least} or more`
      throw new RenderFailure(`${name} takes ${count} argument${helper.least === 1 ? '' : 's'}, not ${args.length}`, {
        origin,
        remedy: frame.context !== this.#options.root ? `for a field of this name write this.${name}` : undefined,
      })
    }
    try {
      const result = helper.run(args, {
        ...this.#options.helpers,
        origin,
        include: (partial, context) => this.#include(partial, { context, origin, frame, trace }),
        tpl: (text, context) => this.#tpl(text, { context, origin, frame, trace }),
      })
      if (typeof result === 'string') this.#budget.text(result.length, origin)
      return result
    } catch (error) {
      if (!(error instanceof HelperFailure)) throw error
      throw this.#failed(name, { error, origin, reads: trace.reads })
    }
  }

  /** What `fail` and `required` say is the chart's own; it may be made of what must not be shown. */
  #failed(
    name: string,
    { error, origin, reads }: { readonly error: HelperFailure; readonly origin: Origin; readonly reads: FieldPath[] },
  ): RenderFailure {
    const { message, remedy } = error
    if (name !== 'fail' && name !== 'required') {
      return new RenderFailure(`${name} ${message}`, { origin, remedy })
    }
    if (!reads.some(path => this.#options.isSecret(path))) return new RenderFailure(message, { origin, remedy })
    return new RenderFailure(`${name} says something that is made of a secret value, so it is not shown`, { origin })
  }

  #include(
    name: string,
    { context, origin, frame, trace }: { context: unknown; origin: Origin; frame: Frame; trace: Trace },
  ): string {
    const template = this.#find(name, frame)
    if (template === undefined) throw this.#noPartial(name, { frame, origin })
    const output = new Output()
    const inner = { ...this.#frame(context, trace.reads.slice()), partials: frame.partials }
    including(origin, () => this.#template(template, { frame: inner, output }))
    trace.parts.push(output)
    return output.text()
  }

  #tpl(
    text: string,
    { context, origin, frame, trace }: { context: unknown; origin: Origin; frame: Frame; trace: Trace },
  ): string {
    this.#budget.text(text.length, origin)
    const program = parseTemplate(text, { file: origin.file, home: frame.home, inside: origin })
    const output = new Output()
    const inner = { ...this.#frame(context, trace.reads.slice()), partials: frame.partials }
    this.#template({ program, home: frame.home }, { frame: inner, output })
    return output.text()
  }

  #find(name: string, frame: Frame): Template | undefined {
    return findInline(frame.partials, name) ?? frame.home.partials.get(name) ?? this.#options.partials.get(name)
  }

  #noPartial(name: string, { frame, origin }: { readonly frame: Frame; readonly origin: Origin }): RenderFailure {
    const meant = nearest(name, [...frame.home.partials.keys(), ...this.#options.partials.keys()])
    const remedy =
      meant === undefined
        ? `define it with {{#*inline ${JSON.stringify(name)}}}, or add templates/${name}.hbs, its name beginning with "_"`
        : `did you mean ${meant}?`
    return new RenderFailure(`there is no partial ${name}`, { origin, remedy })
  }

  #partial(call: PartialCall, { frame, output }: { readonly frame: Frame; readonly output: Output }): void {
    const { origin, indent, body } = call
    const trace: Trace = { reads: [], parts: [] }
    const name = this.#value(call.name, { frame, trace })
    if (typeof name !== 'string') throw new RenderFailure('a partial’s name must be text', { origin })
    const context = this.#partialContext(call, { frame, trace })
    const block = name === '@partial-block' ? findBlock(frame.partials) : undefined
    const template = block?.template ?? this.#find(name, frame) ?? this.#fallback(call, frame)
    if (template === undefined) throw this.#noPartial(name, { frame, origin })
    const own = { inlines: body?.inlines ?? new Map(), outer: block === undefined ? frame.partials : block.scope }
    const partials: PartialScope =
      body === undefined
        ? own
        : { ...own, block: { template: { program: body, home: frame.home }, scope: frame.partials } }
    const same = context === frame.context
    const inner: Omit<Frame, 'home'> = {
      ...(same ? frame : { ...frame, context, parent: frame, names: new Map() }),
      partials,
      reads: [...trace.reads, ...frame.reads],
    }
    const part = new Output()
    including(origin, () => this.#template(template, { frame: inner, output: part }))
    this.#budget.text(indent.length * part.pieces.length, origin)
    output.append(part, { indent, via: origin })
  }

  /** Where there is no such partial, the body of `{{#> name}}` stands for it. */
  #fallback({ body }: PartialCall, { home }: Frame): Template | undefined {
    return body === undefined ? undefined : { program: body, home }
  }

  #partialContext(
    { params, hash }: PartialCall,
    { frame, trace }: { readonly frame: Frame; readonly trace: Trace },
  ): unknown {
    const [given] = params
    const context = given === undefined ? frame.context : this.#value(given, { frame, trace })
    if (hash.length === 0) return context
    const fields: Fields = isFields(context) ? { ...context } : {}
    for (const { name, value } of hash) setField(fields, { name, value: this.#value(value, { frame, trace }) })
    return fields
  }

  #block(block: Block, { frame, output }: { readonly frame: Frame; readonly output: Output }): void {
    const { name, params, hash, origin } = block
    if (!blocks.includes(name)) throw new RenderFailure(`there is no block ${name}`, { origin, remedy: blockRemedy })
    const [param] = params
    if (param === undefined || params.length > 1) {
      throw new RenderFailure(`#${name} takes 1 argument, not ${params.length}`, {
        origin,
        remedy: 'put several into parentheses, as in {{#if (and a b)}}',
      })
    }
    const trace: Trace = { reads: [], parts: [] }
    const value = this.#value(param, { frame, trace, mayLack: lenient.has(name) })
    const zero = hash.some(each => each.name === 'includeZero' && this.#value(each.value, { frame, trace }) === true)
    const holds = !isEmpty(value) || (zero && value === 0)
    if (name === 'if' || name === 'unless') {
      this.#program(holds === (name === 'if') ? block.body : block.otherwise, { frame, output })
    } else if (!holds) {
      this.#program(block.otherwise, { frame, output })
    } else {
      const reads = [...trace.reads, ...frame.reads]
      if (name === 'with') this.#enter(block, { values: [value], data: frame.data, frame, reads, output })
      else this.#each(block, { value, frame, reads, output })
    }
  }

  #each(
    block: Block,
    { value, ...rest }: { value: unknown; frame: Frame; reads: readonly FieldPath[]; output: Output },
  ): void {
    if (!Array.isArray(value) && !isFields(value)) {
      throw new RenderFailure(`#each takes a list or a mapping, not ${typeInWords(value)}`, {
        origin: block.origin,
        remedy: 'count with (until …)',
      })
    }
    const keys: readonly (string | number)[] = Array.isArray(value) ? [...value.keys()] : sortedKeys(value)
    for (const [index, key] of keys.entries()) {
      const item: unknown = Reflect.get(value, key)
      const data = new Map<string, unknown>([
        ['index', index],
        ['key', key],
        ['first', index === 0],
        ['last', index === keys.length - 1],
      ])
      const source = this.#paths.note(this.#paths.sourceOf(value), { key, item })
      const reads = source?.[0] === 'Values' ? [source.slice(1), ...rest.reads] : rest.reads
      this.#enter(block, { values: [item, key], data, ...rest, reads })
    }
  }

  #enter(
    { names, body }: Block,
    {
      values,
      data,
      frame,
      reads,
      output,
    }: {
      values: readonly unknown[]
      data: ReadonlyMap<string, unknown>
      frame: Frame
      reads: readonly FieldPath[]
      output: Output
    },
  ): void {
    const named = names.map((name, index) => [name, values[index]] as const)
    const inner: Frame = {
      ...frame,
      context: values[0],
      parent: frame,
      data,
      names: named.length === 0 ? frame.names : new Map([...frame.names, ...named]),
      reads,
    }
    this.#program(body, { frame: inner, output })
  }
}

const blockRemedy = 'write {{#if …}}, {{#unless …}}, {{#each …}} or {{#with …}}'

function placed({ message, remedy }: HelperFailure, origin: Origin): RenderFailure {
  return new RenderFailure(message, { origin, remedy })
}

/** Says where a partial was included that fails; of several places the one next to the mistake. */
function including(origin: Origin, run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof RenderFailure) || error.message.includes(' (included at ')) throw error
    throw new RenderFailure(`${error.message} (included at ${origin.file}:${origin.line})`, error)
  }
}
