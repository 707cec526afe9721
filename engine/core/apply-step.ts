import { refOf } from '../api/reference.ts'
import type { KubeObject, Pod, Service } from '../api/types.ts'
import { withoutCondition } from '../cluster/objects/conditions.ts'
import { isBeingDeleted } from '../cluster/objects/ownership.ts'
import type { Change, Env } from '../cluster/view.ts'
import { prune, revived } from '../controllers/garbage/prune.ts'
import { freshPod } from '../controllers/pod/fresh.ts'
import { allocatedCondition } from '../controllers/service/reconcile.ts'
import type { PlanStep } from '../plan/step.ts'

/** What a step of a plan changes. Hooks have their own turn. */
export function applyStep(step: PlanStep, env: Env): readonly Change[] {
  if (step.kind === 'run') return []
  return step.kind === 'delete' ? prune(step.before, env) : [{ kind: 'put', object: desiredObject(step.after) }]
}

/** What a commit asks for, with what the cluster starts such an object with. */
export function desiredObject(object: KubeObject): KubeObject {
  switch (refOf(object).kind) {
    case 'Pod':
      return object.status === undefined ? freshPod(object as Pod) : object
    case 'Service':
      return reconsidered(object as Service)
    case 'ConfigMap':
    case 'Secret':
    case 'Namespace':
      return isBeingDeleted(object) ? revived(object) : object
    default:
      return object
  }
}

/** An address that was refused is asked for again when a commit changes the Service. */
function reconsidered(service: Service): Service {
  if (!service.status?.conditions) return service
  const conditions = withoutCondition(service.status.conditions, allocatedCondition)
  return { ...service, status: { ...service.status, conditions } }
}
