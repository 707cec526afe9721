import { readIfThere } from './files.ts'

export interface JsonFile<T> {
  is(value: unknown): value is T
  /** What a person does about a damaged file. */
  readonly remedy: string
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a file of Gantry's own holds; undefined where there is none. Rejects with the remedy where it holds anything else. */
export async function readJson<T>(path: string, { is, remedy }: JsonFile<T>): Promise<T | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  const value = parse(text)
  if (!is(value)) throw new Error(`${path} is damaged; ${remedy}`)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
