import type { Environment } from '@marcbachmann/cel-js'
import { exactQuantity, isQuantity } from '../api/quantity.ts'

const billion = 1_000_000_000n

/** A Kubernetes quantity, exact to a billionth. Its size is private: an expression sees an object's own properties. */
class Quantity {
  readonly #billionths: bigint
  constructor(billionths: bigint) {
    this.#billionths = billionths
  }

  static compare(a: Quantity, b: Quantity): bigint {
    const difference = a.#billionths - b.#billionths
    return difference === 0n ? 0n : difference > 0n ? 1n : -1n
  }

  plus(other: Quantity | bigint, sign = 1n): Quantity {
    const size = other instanceof Quantity ? other.#billionths : other * billion
    return new Quantity(this.#billionths + sign * size)
  }

  isInteger(): boolean {
    return this.#billionths % billion === 0n
  }

  asInteger(): bigint {
    if (!this.isInteger()) throw new RangeError('the quantity is no whole number')
    return this.#billionths / billion
  }

  asApproximateFloat(): number {
    return Number(this.#billionths) / 1e9
  }
}

const zero = new Quantity(0n)

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library */
export function addQuantities(environment: Environment): void {
  environment
    .registerType('Quantity', { ctor: Quantity, fields: {} })
    .registerFunction('isQuantity(string): bool', isQuantity)
    .registerFunction('quantity(string): Quantity', (text: string) => new Quantity(exactQuantity(text)))
    .registerFunction('Quantity.compareTo(Quantity): int', Quantity.compare)
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (a: Quantity, b: Quantity) => Quantity.compare(a, b) > 0n,
    )
    .registerFunction('Quantity.isLessThan(Quantity): bool', (a: Quantity, b: Quantity) => Quantity.compare(a, b) < 0n)
    .registerFunction('Quantity.sign(): int', (a: Quantity) => Quantity.compare(a, zero))
    .registerFunction('Quantity.isInteger(): bool', (a: Quantity) => a.isInteger())
    .registerFunction('Quantity.asInteger(): int', (a: Quantity) => a.asInteger())
    .registerFunction('Quantity.asApproximateFloat(): double', (a: Quantity) => a.asApproximateFloat())
    .registerFunction('Quantity.add(Quantity): Quantity', (a: Quantity, b: Quantity) => a.plus(b))
    .registerFunction('Quantity.add(int): Quantity', (a: Quantity, b: bigint) => a.plus(b))
    .registerFunction('Quantity.sub(Quantity): Quantity', (a: Quantity, b: Quantity) => a.plus(b, -1n))
    .registerFunction('Quantity.sub(int): Quantity', (a: Quantity, b: bigint) => a.plus(b, -1n))
    .registerOperator('Quantity == Quantity', (a: Quantity, b: Quantity) => Quantity.compare(a, b) === 0n)
}
