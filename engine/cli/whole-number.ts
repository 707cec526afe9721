import { usageError } from './failure.ts'

/** The number that a flag gives, from 1 to `max`. @throws CliError */
export function wholeNumber(flag: string, text: string, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= 1 && number <= max) return number
  throw usageError(`${flag} must be a whole number from 1 to ${max}, not ${JSON.stringify(text)}`)
}
