import { describeRef, refOf } from '../../../engine/api/reference.ts'
import { equal } from '../../../engine/api/stable.ts'
import type { KubeObject } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import type { ObjectChange } from '../../../engine/cluster/view.ts'
import { check } from './violation.ts'

type Recorded = ReadonlyMap<string, KubeObject>

/** What changed is recorded as it is, the same frozen object: all the rest was so before. Events are not recorded. */
export function checkRecorded(cluster: Cluster, changes: readonly ObjectChange[], recorded: Recorded): void {
  for (const { ref } of changes) {
    if (ref.kind === 'Event') continue
    check(
      recorded.get(describeRef(ref)) === cluster.get(ref.kind, ref.key),
      () => `${describeRef(ref)} was not recorded as it is`,
    )
  }
}

/** restore(record(c)) equals c: what an engine that starts has is all that was recorded, field for field. */
export function checkRestored(restored: Cluster, recorded: Recorded): void {
  let count = 0
  for (const kind of restored.kinds()) {
    for (const object of restored.list(kind)) {
      count += 1
      const id = describeRef(refOf(object))
      check(equal(object, recorded.get(id)), () => `${id} is not restored as it was recorded`)
    }
  }
  check(count === recorded.size, () => `${recorded.size} objects were recorded, and ${count} are restored`)
}

/** Everything is recorded. */
export function checkComplete(cluster: Cluster, recorded: Recorded): void {
  let count = 0
  for (const kind of cluster.kinds()) {
    if (kind === 'Event') continue
    for (const object of cluster.list(kind)) {
      count += 1
      const id = describeRef(refOf(object))
      check(recorded.get(id) === object || equal(recorded.get(id), object), () => `${id} was not recorded as it is`)
    }
  }
  check(count === recorded.size, () => `${recorded.size} objects are recorded, and the cluster has ${count}`)
}
