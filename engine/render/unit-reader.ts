import type { ObjectReader, Oid } from '../git/repository.ts'
import type { DiskCache } from './disk-cache.ts'
import type { Limits, Pool } from './pool.ts'
import type { FileKey } from './sops/file-key.ts'
import type { KeyRing } from './sops/key-ring.ts'
import { Turnstile } from './turnstile.ts'
import type { Language, RenderedUnit } from './unit.ts'
import type { OnUnit, UnitTrace } from './trace.ts'
import { UnitCache } from './unit-cache.ts'

/** So many files are held in memory while they wait to be read. */
const maxInFlight = 96

export interface UnitReaderOptions {
  readonly pool: Pool
  readonly limits: Limits
  readonly disk: DiskCache | undefined
  readonly validate: boolean
  readonly onUnit: OnUnit | undefined
  readonly keyRing: KeyRing
}

interface Wanted {
  readonly file: string
  readonly oid: Oid
  readonly language: Language
}

interface Locked {
  readonly locked: NonNullable<RenderedUnit['locked']>
}

/** Gives the unit of a file's contents: from memory, from the disk's cache, or read by a worker. */
export class UnitReader {
  readonly #options: UnitReaderOptions
  readonly #cache = new UnitCache()
  readonly #pending = new Map<string, Promise<RenderedUnit>>()
  readonly #turnstile = new Turnstile(maxInFlight)
  /** Counts the units that gave nothing for a reason that may pass. */
  failures = 0

  constructor(options: UnitReaderOptions) {
    this.#options = options
  }

  async read(objects: ObjectReader, wanted: Wanted): Promise<RenderedUnit> {
    const { file, oid, language } = wanted
    const key = `${oid}.${language}${this.#options.validate ? '' : '.unchecked'}`
    const known = this.#cache.get(key) ?? this.#pending.get(key)
    if (known !== undefined) {
      this.#tell(file)
      return known
    }
    const reading = this.#turnstile.run(() => this.#readNew(objects, { ...wanted, key }))
    this.#pending.set(key, reading)
    try {
      return await reading
    } finally {
      this.#pending.delete(key)
    }
  }

  /** The keys under which the disk's cache is of use. */
  liveKeys(): readonly string[] {
    return this.#cache.liveKeys()
  }

  async #readNew(
    objects: ObjectReader,
    { key, file, oid, language }: Wanted & { readonly key: string },
  ): Promise<RenderedUnit> {
    const { limits, disk } = this.#options
    const stored = await disk?.get(key)
    if (stored !== undefined) {
      this.#tell(file)
      return this.#keep(key, JSON.parse(stored))
    }
    const size = await objects.blobSize(oid)
    if (size > limits.fileBytes) return tooLarge(size, limits.fileBytes)
    const bytes = await objects.readBlob(oid)
    const result = await this.#run(bytes, { file, language })
    if ('failure' in result) return result.failure
    const { unit, text } = result
    if (unit.locked !== undefined) return this.#unlock(bytes, { key, file, language, locked: unit.locked })
    if (mayRest(unit)) disk?.put(key, text)
    return this.#keep(key, unit)
  }

  /** Reads a file again with its own key, and no other. */
  async #unlock(
    bytes: Uint8Array,
    { key, file, language, locked }: Omit<Wanted, 'oid'> & Locked & { readonly key: string },
  ): Promise<RenderedUnit> {
    const { recipients, ...place } = locked
    const fileKey = await this.#options.keyRing.keyOf(recipients)
    if (typeof fileKey !== 'string') {
      return this.#keep(key, { manifests: [], problems: [{ ...place, severity: 'error', ...fileKey }] })
    }
    const result = await this.#run(bytes, { file, language, key: fileKey })
    return 'failure' in result ? result.failure : this.#keep(key, result.unit)
  }

  async #run(
    bytes: Uint8Array,
    { file, ...job }: Omit<Wanted, 'oid'> & { readonly key?: FileKey },
  ): Promise<{ readonly unit: RenderedUnit; readonly text: string } | { readonly failure: RenderedUnit }> {
    const { pool, validate } = this.#options
    const result = await pool.run(bytes, { ...job, validate })
    if ('failure' in result) {
      this.failures += 1
      return { failure: failed(`the file ${result.failure}`, 'split it, or leave it out with .gantryignore') }
    }
    const unit: RenderedUnit = JSON.parse(result.unit)
    if (unit.locked === undefined) this.#tell(file, { cache: 'miss', milliseconds: result.milliseconds })
    return { unit, text: result.unit }
  }

  #tell(file: string, how: Pick<UnitTrace, 'cache' | 'milliseconds'> = { cache: 'hit', milliseconds: 0 }): void {
    this.#options.onUnit?.({ unit: file, files: [file], ...how })
  }

  #keep(key: string, unit: RenderedUnit): RenderedUnit {
    this.#cache.set(key, unit)
    return unit
  }
}

/** A Secret's values are never written to the disk. */
function mayRest({ manifests }: RenderedUnit): boolean {
  return manifests.every(({ object }) => object.kind !== 'Secret')
}

function tooLarge(size: number, limit: number): RenderedUnit {
  const mebibytes = (size / (1 << 20)).toFixed(1)
  return failed(
    `the file is ${mebibytes} MiB large; at most ${limit >> 20} MiB are read`,
    'split it, or leave it out with .gantryignore',
  )
}

function failed(message: string, remedy: string): RenderedUnit {
  return { manifests: [], problems: [{ line: 0, column: 0, severity: 'error', message, remedy }] }
}
