const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const binaryExponents: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 }

const quantityPattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]?))$/

/**
 * A Kubernetes quantity in base units: `250m` → 0.25 cores, `64Mi` → 67108864 bytes.
 * The grammar is that of k8s.io/apimachinery's resource.Quantity: one decimal number, then a binary suffix,
 * a decimal suffix, or an exponent. Throws a RangeError that says what a quantity looks like.
 */
export function parseQuantity(text: string): number {
  const { sign, digits, ...unit } = partsOf(text)
  return (sign === '-' ? -1 : 1) * scale(digits, unit)
}

/** The same in billionths, the finest that Kubernetes keeps, without rounding otherwise: `250m` → 250000000n. */
export function exactQuantity(text: string): bigint {
  const { sign, digits, ...unit } = partsOf(text)
  return (sign === '-' ? -1n : 1n) * billionths(digits, unit)
}

function partsOf(text: string) {
  const match = quantityPattern.exec(text)
  if (!match) {
    throw new RangeError(
      `not a quantity: ${JSON.stringify(text)}; a quantity is a number with a suffix: 250m, 2, 64Mi, 1G`,
    )
  }
  const [, sign = '', digits = '', exponent = '', suffix = ''] = match
  return { sign, digits, exponent, suffix }
}

export function isQuantity(text: string): boolean {
  return quantityPattern.test(text)
}

const billion = 1_000_000_000n
/** The largest quantity that Kubernetes keeps, in billionths. */
const largest = (2n ** 63n - 1n) * billion

/**
 * A quantity as the API server stores it: without a fraction, with the largest suffix that loses nothing, in the family
 * (decimal, binary, exponent) that it was written in. 0.1 → `100m`, 1024Mi → `1Gi`, 1.5 → `1500m`, 0.5Ki → `512`. Finer
 * than a billionth it is rounded away from zero.
 * https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity
 */
export function canonicalQuantity(text: string): string {
  const [, sign = '', digits = '', exponent = '', suffix = ''] = quantityPattern.exec(text) ?? []
  const size = billionths(digits, { exponent, suffix })
  const written = size >= largest ? largest : size
  if (written === 0n) return '0'
  const isBinary = Object.hasOwn(binaryExponents, suffix) && written >= 1024n * billion && written % billion === 0n
  return (sign === '-' ? '-' : '') + (isBinary ? binaryText(written / billion) : decimalText(written, exponent !== ''))
}

function billionths(digits: string, { exponent, suffix }: { exponent: string; suffix: string }): bigint {
  const [whole = '', fraction = ''] = digits.split('.')
  const factor = 1024n ** BigInt(binaryExponents[suffix] ?? 0)
  const tens = 9 - fraction.length + (exponent === '' ? (decimalExponents[suffix] ?? 0) : Number(exponent.slice(1)))
  const value = BigInt(whole + fraction) * factor
  if (tens >= 0) return value * 10n ** BigInt(tens)
  const divisor = 10n ** BigInt(-tens)
  return (value + divisor - 1n) / divisor
}

function binaryText(bytes: bigint): string {
  const [suffix, power] = Object.entries(binaryExponents).findLast(
    ([, power]) => bytes % 1024n ** BigInt(power) === 0n,
  ) ?? ['', 0]
  return `${bytes / 1024n ** BigInt(power)}${suffix}`
}

function decimalText(size: bigint, asExponent: boolean): string {
  const [suffix, power] = Object.entries(decimalExponents).findLast(
    ([, power]) => size % 10n ** BigInt(power + 9) === 0n,
  ) ?? ['n', -9]
  const unit = asExponent && power !== 0 ? `e${power}` : suffix
  return `${size / 10n ** BigInt(power + 9)}${unit}`
}

function scale(digits: string, { exponent, suffix }: { exponent: string; suffix: string }): number {
  const binary = binaryExponents[suffix]
  if (binary !== undefined) return Number(digits) * 1024 ** binary
  // Through decimal text, since 250 * 10 ** -3 would round twice.
  return exponent === '' ? Number(`${digits}e${decimalExponents[suffix] ?? 0}`) : Number(digits + exponent)
}

/** Cores as Kubernetes prints them: 0.25 → `250m`, 2 → `2`. Rounded up to a thousandth, as Kubernetes rounds. */
export function formatCpu(cores: number): string {
  // Nine decimals drop what binary fractions add: 0.1 + 0.2 is 300m, not 301m.
  const millis = Math.ceil(Number((cores * 1000).toFixed(6)))
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`
}

/** Bytes with the largest binary suffix that divides them: 67108864 → `64Mi`, 1000 → `1000`. */
export function formatBytes(bytes: number): string {
  const whole = Math.ceil(bytes)
  if (whole === 0) return '0'
  const fitting = Object.entries(binaryExponents).findLast(([, power]) => whole % 1024 ** power === 0)
  return fitting ? `${whole / 1024 ** fitting[1]}${fitting[0]}` : String(whole)
}
