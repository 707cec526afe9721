import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { KnownPath } from './known-paths.ts'

/** What every unit of several files gives. Plain JSON: it crosses threads and rests in the cache. */
export interface TreeResult {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  /** Every path that was looked for, found or not: with the request all that the result depends on. */
  readonly asked: readonly string[]
  /** It holds, or may hold, what is in a Secret or was decrypted: it is never written to the disk. */
  readonly secret: boolean
}

/** What a worker is handed: what is asked of the unit, and the part of the tree that is at hand. */
export type WithPaths<Request> = Request & { readonly paths: readonly (readonly [path: string, known: KnownPath])[] }

/** A rendered unit, or the path that is still needed for it. */
export type TreeAnswer<Result extends TreeResult> = { readonly needs: string } | Result
