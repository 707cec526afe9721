import type { KubeObject } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { Representation } from './representation.ts'
import { partialMetadata } from './representation.ts'
import type { Resource } from '../api/registry.ts'
import { apiVersionOf } from '../api/registry.ts'
import type { Selection } from './selection.ts'
import type { StatusError } from './status-error.ts'
import { table, tableColumns, tableRow } from './table.ts'

/** A line of a watch: `{"type":"ADDED","object":…}`. */
export type Frame = string

export interface FrameOptions {
  readonly resource: Resource
  readonly representation: Representation
}

/** Marks the bookmark that ends the initial events. */
export const initialEventsEnd = 'k8s.io/initial-events-end'

export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

/**
 * What a change is to a watcher of a selection: an object that moves into it is added, one that moves out is deleted.
 * A deletion shows the last state that was selected, at the resourceVersion of the deletion.
 */
export function observed(
  { before, after, resourceVersion }: ObjectChange,
  selects: Selection,
): ObjectEvent | undefined {
  const wasSelected = before !== undefined && selects(before)
  if (after !== undefined && selects(after)) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object: after }
  if (!wasSelected) return undefined
  const metadata = { ...before.metadata, resourceVersion: String(resourceVersion) }
  return { type: 'DELETED', object: { ...before, metadata } }
}

/**
 * Frames of the newest changes, by type and representation: a thousand watchers of one kind cost one serialisation.
 * They read a change at nearly the same moment, so few need be kept.
 */
const framesOfChange = new Map<ObjectChange, Map<string, Frame>>()
const changesCached = 512

/** Not for Tables: a row's ages are told at the moment of sending, and the first one names the columns. */
export function changeFrame(change: ObjectChange, event: ObjectEvent, options: FrameOptions): Frame {
  const frames = framesOfChange.get(change) ?? cacheFor(change)
  const format = `${event.type} ${options.representation.as}`
  const frame = frames.get(format) ?? objectFrame(event, options)
  frames.set(format, frame)
  return frame
}

function cacheFor(change: ObjectChange): Map<string, Frame> {
  const frames = new Map<string, Frame>()
  framesOfChange.set(change, frames)
  const [oldest] = framesOfChange.keys()
  if (framesOfChange.size > changesCached && oldest !== undefined) framesOfChange.delete(oldest)
  return frames
}

/** @param options.withColumns whether a Table names its columns: clients keep those of the first one. */
export function objectFrame({ type, object }: ObjectEvent, options: FrameOptions & { withColumns?: boolean }): Frame {
  const { resource, representation } = options
  switch (representation.as) {
    case 'object':
      return line(type, object)
    case 'metadata':
      return line(type, partialMetadata(object, representation.version))
    case 'table': {
      const { version, include } = representation
      const row = tableRow(object, { kind: resource.kindKey, now: Date.now(), version, include })
      const columns = options.withColumns === false ? [] : tableColumns(resource.kindKey)
      const metadata = { resourceVersion: object.metadata.resourceVersion }
      return line(type, table([row], { version, metadata, columns }))
    }
  }
}

/** Tells how far the watch has come, though nothing of its kind changed. */
export function bookmarkFrame(
  resourceVersion: number,
  { resource, representation, endsInitialEvents }: FrameOptions & { endsInitialEvents: boolean },
): Frame {
  const metadata = {
    resourceVersion: String(resourceVersion),
    creationTimestamp: null,
    ...(endsInitialEvents ? { annotations: { [initialEventsEnd]: 'true' } } : {}),
  }
  const { kind } = resource
  switch (representation.as) {
    case 'object':
      return line('BOOKMARK', { kind, apiVersion: apiVersionOf(resource), metadata })
    case 'metadata':
      return line('BOOKMARK', {
        kind: 'PartialObjectMetadata',
        apiVersion: `meta.k8s.io/${representation.version}`,
        metadata,
      })
    case 'table':
      return line('BOOKMARK', table([], { version: representation.version, metadata, columns: [] }))
  }
}

/** Ends a watch. */
export function errorFrame(error: StatusError): Frame {
  return line('ERROR', error.toStatus())
}

function line(type: string, object: object): Frame {
  return `${JSON.stringify({ type, object })}\n`
}
