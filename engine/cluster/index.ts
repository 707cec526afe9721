import type { Key } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'
import { Bucket } from './bucket.ts'

const nothing: readonly KubeObject[] = []

/** Objects under any number of names: what a lookup returns is what it costs. */
export class Index {
  readonly #buckets = new Map<string, Bucket>()

  list(name: string): readonly KubeObject[] {
    return this.#buckets.get(name)?.list() ?? nothing
  }

  size(name: string): number {
    return this.#buckets.get(name)?.size ?? 0
  }

  set(name: string, entry: { readonly key: Key; readonly object: KubeObject }): void {
    let bucket = this.#buckets.get(name)
    if (!bucket) this.#buckets.set(name, (bucket = new Bucket()))
    bucket.set(entry.key, entry.object)
  }

  delete(name: string, key: Key): void {
    const bucket = this.#buckets.get(name)
    bucket?.delete(key)
    if (bucket?.size === 0) this.#buckets.delete(name)
  }
}
