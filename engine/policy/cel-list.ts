import type { Environment } from '@marcbachmann/cel-js'

type List = readonly unknown[]

/** `sets` of `sets.contains(…)`. */
// oxlint-disable-next-line typescript/no-extraneous-class -- the library tells types by their class
class SetFunctions {}

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library, and `sets` of CEL. */
export function addLists(environment: Environment): void {
  environment
    .registerType('SetFunctions', { ctor: SetFunctions, fields: {} })
    .registerConstant('sets', 'SetFunctions', new SetFunctions())
    .registerFunction('SetFunctions.contains(list, list): bool', (_: SetFunctions, a: List, b: List) => contains(a, b))
    .registerFunction(
      'SetFunctions.equivalent(list, list): bool',
      (_: SetFunctions, a: List, b: List) => contains(a, b) && contains(b, a),
    )
    .registerFunction('SetFunctions.intersects(list, list): bool', (_: SetFunctions, a: List, b: List) =>
      a.some(item => contains(b, [item])),
    )
    .registerFunction('list.isSorted(): bool', (list: List) =>
      list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
    )
    .registerFunction('list.sum(): dyn', sum)
    .registerFunction('list.min(): dyn', (list: List) => best(list, -1))
    .registerFunction('list.max(): dyn', (list: List) => best(list, 1))
    .registerFunction('list.indexOf(dyn): int', (list: List, sought: unknown) =>
      BigInt(list.findIndex(item => isEqual(item, sought))),
    )
    .registerFunction('list.lastIndexOf(dyn): int', (list: List, sought: unknown) =>
      BigInt(list.findLastIndex(item => isEqual(item, sought))),
    )
}

function contains(list: List, wanted: List): boolean {
  return wanted.every(item => list.some(each => isEqual(each, item)))
}

function compare(a: unknown, b: unknown): number {
  const [left, right] = [comparable(a), comparable(b)]
  if (typeof left !== typeof right) throw new RangeError('the items of the list are of several types')
  return left < right ? -1 : left > right ? 1 : 0
}

/** Times and durations are compared by what they count. */
function comparable(value: unknown): bigint | number | string | boolean {
  const plain: unknown = value instanceof Map || Array.isArray(value) ? value : value?.valueOf()
  const isOrdered = ['bigint', 'number', 'string', 'boolean'].includes(typeof plain)
  if (isOrdered) return plain as bigint | number | string | boolean
  throw new RangeError('the items of the list have no order')
}

function best(list: List, sign: -1 | 1): unknown {
  const [first, ...others] = list
  if (first === undefined) throw new RangeError(`${sign < 0 ? 'min' : 'max'} called on an empty list`)
  comparable(first)
  return others.reduce((found, item) => (compare(item, found) === sign ? item : found), first)
}

const [least, most] = [-(1n << 63n), (1n << 63n) - 1n]

function sum(list: List): unknown {
  const whole = list.filter(item => typeof item === 'bigint')
  const broken = list.filter(item => typeof item === 'number')
  if (broken.length > 0 && broken.length === list.length) return broken.reduce((total, item) => total + item, 0)
  if (whole.length < list.length) throw new RangeError('only lists of int or of double have a sum')
  const total = whole.reduce((before, item) => before + item, 0n)
  if (total < least || total > most) throw new RangeError(`integer overflow: ${total}`)
  return total
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([name, value]) => b.has(name) && isEqual(value, b.get(name)))
  }
  const areNumbers = [a, b].every(each => typeof each === 'bigint' || typeof each === 'number')
  // oxlint-disable-next-line eqeqeq -- 1 and 1.0 are equal in CEL
  return areNumbers ? a == b : a === b
}
