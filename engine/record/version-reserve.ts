import { readIfThere, writeFileDurably } from '../../machine/files.ts'

export interface VersionReserveOptions {
  readonly file: string
  /** How many are reserved ahead at a time; an fsync each. */
  readonly block: number
  /** Also not below this: the highest resourceVersion in a record that outlived the file. */
  readonly floor?: number
}

/** The resourceVersions that this run may give: above all that any run before may have given, whatever ended it. */
export interface VersionReserve {
  /** The first one to give is `start + 1`. */
  readonly start: number
  /** Before a resourceVersion is seen outside: resolves once no later run will begin below it. */
  ensure(upTo: number): Promise<void>
}

export async function createVersionReserve({ file, block, floor = 0 }: VersionReserveOptions): Promise<VersionReserve> {
  const start = Math.max(await read(file), floor)
  let reserved = start
  let last: Promise<void> = Promise.resolve()

  async function reserve(upTo: number): Promise<void> {
    if (upTo <= reserved) return
    const next = upTo + block
    await writeFileDurably(file, `${next}\n`, { mode: 0o600 })
    reserved = next
  }

  function ensure(upTo: number): Promise<void> {
    if (upTo <= reserved) return Promise.resolve()
    const done = last.then(() => reserve(upTo))
    last = done.catch(() => undefined)
    return done
  }

  await ensure(start + 1)
  return { start, ensure }
}

async function read(file: string): Promise<number> {
  const text = (await readIfThere(file)) ?? '0'
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0 && text.trim() !== '') return value
  throw new TypeError(
    `${file} must hold a whole number, not ${JSON.stringify(text.slice(0, 40))}; restore it from a backup`,
  )
}
