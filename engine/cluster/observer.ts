import type { ObjectChange } from './view.ts'

/** Something that keeps itself up to date with a cluster: it is told of each change, in order, as it happens. */
export interface Observer {
  changed(change: ObjectChange): void
}
