/**
 * A unit that reads several files of the commit: a worker that is handed the paths known so far renders it, or says which
 * path it needs next, and the `TreeUnitReader` hands that over and asks again. A further kind is added by
 * - its line in `TreeUnits`: what is asked of it, and what it gives;
 * - its line in `worker.ts`: the function that answers, from bytes that hold `{ ...request, paths }` as JSON;
 * - a `TreeUnitReader` for its `TreeUnitKind`, which `renderer.ts` asks for all the units of the kind that a commit has.
 */
import type { ReleaseRequest, ReleaseUnit } from './charts/answer.ts'
import type { BuildRequest, BuiltUnit } from './kustomize/answer.ts'

/** What each kind is asked, as plain JSON, and what it gives: a `TreeResult` with fields of its own. */
export interface TreeUnits {
  readonly kustomization: { readonly request: BuildRequest; readonly result: BuiltUnit }
  readonly release: { readonly request: ReleaseRequest; readonly result: ReleaseUnit }
}

export type TreeUnitName = keyof TreeUnits
export type RequestOf<Name extends TreeUnitName> = TreeUnits[Name]['request']
export type ResultOf<Name extends TreeUnitName> = TreeUnits[Name]['result']

/** What the reader must know of a kind. */
export interface TreeUnitKind<Name extends TreeUnitName> {
  readonly name: Name
  /** A path that the unit is sure to look for: it is handed over before it is asked for. */
  first(request: RequestOf<Name>): string
  /** Units of which this is the same read much the same folders: what one asked for the next is given at once. */
  likeness(request: RequestOf<Name>): string
  /** The file that says what the unit is made of. */
  file(request: RequestOf<Name>): string
  /** What the unit gives where no worker could render it; `failure` follows the name of the unit. */
  failed(request: RequestOf<Name>, failure: string): ResultOf<Name>
}
