import type { Key } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'

/**
 * Objects by key, listed in the order of their keys. The list is made when it is asked for and kept until something
 * changes; the order of the keys is kept for longer, since most changes replace an object and add none.
 */
export class Bucket {
  readonly #objects = new Map<Key, KubeObject>()
  #keys: readonly Key[] | undefined
  #list: readonly KubeObject[] | undefined

  get size(): number {
    return this.#objects.size
  }

  get(key: Key): KubeObject | undefined {
    return this.#objects.get(key)
  }

  set(key: Key, object: KubeObject): void {
    if (!this.#objects.has(key)) this.#keys = undefined
    this.#list = undefined
    this.#objects.set(key, object)
  }

  delete(key: Key): void {
    if (!this.#objects.delete(key)) return
    this.#keys = undefined
    this.#list = undefined
  }

  list(): readonly KubeObject[] {
    this.#keys ??= [...this.#objects.keys()].sort()
    this.#list ??= this.#keys.flatMap(key => this.#objects.get(key) ?? [])
    return this.#list
  }
}
