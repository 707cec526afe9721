import type { RenderedUnit } from './unit.ts'

/**
 * Units by key, held for as long as a rendering in use holds them: it costs no memory of its own. A file that moves, or
 * comes back with a reverted commit, is not read again.
 */
export class UnitCache {
  readonly #units = new Map<string, WeakRef<RenderedUnit>>()
  readonly #gone = new FinalizationRegistry<string>(key => {
    if (this.#units.get(key)?.deref() === undefined) this.#units.delete(key)
  })

  get(key: string): RenderedUnit | undefined {
    return this.#units.get(key)?.deref()
  }

  set(key: string, unit: RenderedUnit): void {
    this.#units.set(key, new WeakRef(unit))
    this.#gone.register(unit, key)
  }

  liveKeys(): readonly string[] {
    return [...this.#units].flatMap(([key, unit]) => (unit.deref() === undefined ? [] : [key]))
  }
}
