import type { ObjectChange } from '../cluster/view.ts'

/** Several changes of one object as one, from its first state to its last; one that came and went is left out. */
export function collapse(changes: readonly ObjectChange[]): ObjectChange[] {
  const whole = new Map<string, ObjectChange>()
  for (const change of changes) {
    const id = `${change.ref.kind} ${change.ref.key}`
    const earlier = whole.get(id)
    whole.set(id, earlier ? join(earlier, change) : change)
  }
  return [...whole.values()].filter(({ before, after }) => before !== undefined || after !== undefined)
}

function join({ before, decided }: ObjectChange, { after, ...later }: ObjectChange): ObjectChange {
  return {
    ref: later.ref,
    resourceVersion: later.resourceVersion,
    decided: decided || later.decided,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}
