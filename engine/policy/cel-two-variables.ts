import type { ASTNode, Environment, RootContext, TypeDeclaration } from '@marcbachmann/cel-js'

/** What the library hands to a macro: the part of its checker and its evaluator that its documentation names. */
interface Checker {
  check(node: ASTNode, context: RootContext): TypeDeclaration
  getType(name: string): TypeDeclaration
}
interface Evaluator {
  run(node: ASTNode, context: RootContext): unknown
}

interface Call {
  readonly args: readonly ASTNode[]
  readonly receiver: ASTNode
}

/** Results of a predicate or a transformation for each entry, in order; a failure is thrown by who reads it. */
type Results = Iterable<{ readonly key: unknown; read(): unknown }>

interface Macro {
  readonly name: string
  /** The types that the last of its arguments may give. */
  readonly gives: 'bool' | 'any' | 'map'
  readonly type: string
  /** It may have a condition before its last argument. */
  readonly filters: boolean
  collect(results: Results): unknown
}

const macros: readonly Macro[] = [
  { name: 'all', gives: 'bool', type: 'bool', filters: false, collect: results => !decided(results, false) },
  { name: 'exists', gives: 'bool', type: 'bool', filters: false, collect: results => decided(results, true) },
  {
    name: 'existsOne',
    gives: 'bool',
    type: 'bool',
    filters: false,
    collect: results => [...results].filter(each => each.read() === true).length === 1,
  },
  {
    name: 'transformList',
    gives: 'any',
    type: 'list<dyn>',
    filters: true,
    collect: results => [...results].map(each => each.read()),
  },
  {
    name: 'transformMap',
    gives: 'any',
    type: 'map<dyn, dyn>',
    filters: true,
    collect: results => new Map([...results].map(each => [each.key, each.read()])),
  },
  { name: 'transformMapEntry', gives: 'map', type: 'map<dyn, dyn>', filters: true, collect: merged },
]

/** `list.all(index, value, …)`, `map.exists(key, value, …)`: https://pkg.go.dev/github.com/google/cel-go/ext#TwoVarComprehensions */
export function addTwoVariables(environment: Environment): void {
  for (const macro of macros) {
    const expand = ({ args, receiver }: Call) => expansion(macro, { args, receiver })
    environment.registerFunction(`list.${macro.name}(ast, ast, ast): ${macro.type}`, expand)
    if (macro.filters) environment.registerFunction(`list.${macro.name}(ast, ast, ast, ast): ${macro.type}`, expand)
  }
}

function expansion({ name, gives, type, collect }: Macro, { args, receiver }: Call) {
  const { first, second, condition, body } = partsOf(args, name)
  let types: readonly [TypeDeclaration, TypeDeclaration] | undefined
  return {
    async: false,
    typeCheck(checker: Checker, _: unknown, context: RootContext): TypeDeclaration {
      types = entryTypes(checker, checker.check(receiver, context))
      const inner = context.forkWithVariable(first, types[0]).forkWithVariable(second, types[1])
      if (condition !== undefined) expectType(checker.check(condition, inner), { name, wanted: 'bool' })
      expectType(checker.check(body, inner), { name, wanted: gives })
      return checker.getType(type)
    },
    evaluate(evaluator: Evaluator, _: unknown, context: RootContext): unknown {
      const [keyType, valueType] = types ?? []
      if (keyType === undefined || valueType === undefined) throw new RangeError(`${name}() was not checked`)
      const inside = ([key, value]: readonly [unknown, unknown]): RootContext =>
        context
          .forkWithVariable(first, keyType)
          .setIterValue(key, evaluator)
          .forkWithVariable(second, valueType)
          .setIterValue(value, evaluator)
      function* results(): Results {
        for (const entry of entriesOf(evaluator.run(receiver, context))) {
          const inner = inside(entry)
          if (condition !== undefined && !isTrue(evaluator.run(condition, inner), name)) continue
          const read = (): unknown => {
            const value = evaluator.run(body, inner)
            return gives === 'bool' ? isTrue(value, name) : value
          }
          yield { key: entry[0], read }
        }
      }
      return collect(results())
    },
  }
}

interface Parts {
  readonly first: string
  readonly second: string
  readonly condition: ASTNode | undefined
  readonly body: ASTNode
}

function partsOf(args: readonly ASTNode[], name: string): Parts {
  const [first, second] = args.map(nameOf)
  const [condition, body] = args.length > 3 ? [args[2], args[3]] : [undefined, args[2]]
  if (first === undefined || second === undefined || body === undefined) {
    throw new RangeError(`${name}() begins with the names of two variables`)
  }
  if (first === second) throw new RangeError(`${name}() has two variables called ${first}`)
  return { first, second, condition, body }
}

function nameOf(node: ASTNode): string | undefined {
  return node.op === 'id' ? node.args : undefined
}

function entryTypes(checker: Checker, range: TypeDeclaration): readonly [TypeDeclaration, TypeDeclaration] {
  const dyn = checker.getType('dyn')
  if (range.kind === 'list') return [checker.getType('int'), range.valueType ?? dyn]
  if (range.kind === 'map') return [range.keyType ?? dyn, range.valueType ?? dyn]
  if (range.kind === 'dyn') return [dyn, dyn]
  throw new RangeError(`${range.name} is neither a list nor a map`)
}

function expectType(
  { kind, name: type }: TypeDeclaration,
  { name, wanted }: { readonly name: string; readonly wanted: Macro['gives'] },
): void {
  if (wanted === 'any' || kind === 'dyn' || type === wanted || kind === wanted) return
  throw new RangeError(`${name}() needs ${wanted === 'bool' ? 'true or false' : 'a map'}, not ${type}`)
}

function entriesOf(range: unknown): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(range)) return range.map((value, index) => [BigInt(index), value] as const)
  if (range instanceof Map) return range
  if (typeof range === 'object' && range !== null) return Object.entries(range)
  throw new RangeError('what is gone through is neither a list nor a map')
}

function isTrue(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new RangeError(`${name}() needs true or false`)
}

/** Whether one gives the deciding answer; then it does not matter that others fail. */
function decided(results: Results, deciding: boolean): boolean {
  let failure: Error | undefined
  for (const each of results) {
    try {
      if (each.read() === deciding) return true
    } catch (error) {
      if (!(error instanceof Error)) throw error
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
  return false
}

function merged(results: Results): ReadonlyMap<unknown, unknown> {
  const all = new Map<unknown, unknown>()
  for (const each of results) {
    for (const [key, value] of entriesOf(each.read())) {
      if (all.has(key)) throw new RangeError(`transformMapEntry() gives the key ${String(key)} twice`)
      all.set(key, value)
    }
  }
  return all
}
