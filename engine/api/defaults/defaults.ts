import type { KindKey } from '../reference.ts'
import type { KubeObject, Pod } from '../types.ts'
import { type GivenSecret, defaultSecret } from './config.ts'
import { type GivenPodSpec, defaultPodSpec } from './pod.ts'
import { type GivenRelease, defaultRelease } from './release.ts'
import { type GivenEndpointSlice, type GivenService, defaultEndpointSlice, defaultService } from './service.ts'
import {
  type GivenDeployment,
  type GivenJob,
  type GivenReplicaSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
} from './workload.ts'

type GivenPod = Omit<Pod, 'spec'> & { readonly spec: GivenPodSpec }

/**
 * By kind. The schema has been walked, with nothing required missing: that is what lets each entry read its object as the
 * shape before defaulting. Values are not yet known to be allowed.
 */
const byKind: Readonly<Record<string, (object: KubeObject) => KubeObject>> = {
  ConfigMap: object => object,
  Deployment: object => defaultDeployment(object as GivenDeployment),
  EndpointSlice: object => defaultEndpointSlice(object as GivenEndpointSlice),
  Job: object => defaultJob(object as GivenJob),
  Namespace: object => object,
  Node: object => ({ ...object, spec: object.spec ?? {} }),
  Pod: object => ({ ...object, spec: defaultPodSpec((object as GivenPod).spec) }),
  Release: object => defaultRelease(object as GivenRelease),
  ReplicaSet: object => defaultReplicaSet(object as GivenReplicaSet),
  Secret: object => defaultSecret(object as GivenSecret),
  Service: object => defaultService(object as GivenService),
}

/** Sets what Kubernetes would set in an object that conforms to its schema. */
export function setDefaults(kind: KindKey, object: KubeObject): KubeObject {
  return byKind[kind]?.(object) ?? object
}
