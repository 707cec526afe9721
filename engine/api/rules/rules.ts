import type { KindKey } from '../reference.ts'
import type { CoreKind, Kinds, KubeObject } from '../types.ts'
import { checkConfigMap, checkSecret } from './config.ts'
import { checkDisruptionBudget, checkNode } from './node.ts'
import { checkPodSpec } from './pod.ts'
import { checkRelease } from './release.ts'
import type { At } from './rule.ts'
import { checkEndpointSlice, checkService } from './service.ts'
import { checkDeployment, checkJob, checkReplicaSet } from './workload.ts'

/** What no schema holds, by kind. */
const byKind: { readonly [K in CoreKind]?: (object: Kinds[K], at: At) => void } = {
  ConfigMap: checkConfigMap,
  Deployment: checkDeployment,
  EndpointSlice: checkEndpointSlice,
  Job: checkJob,
  Node: checkNode,
  Pod: ({ spec }, { path, report }) => checkPodSpec(spec, { at: { path: [...path, 'spec'], report }, keeper: 'none' }),
  PodDisruptionBudget: checkDisruptionBudget,
  Release: checkRelease,
  ReplicaSet: checkReplicaSet,
  Secret: checkSecret,
  Service: checkService,
}

/** Checks a defaulted object. Its kind says its shape: the schema was walked. */
export function checkRules(kind: KindKey, { object, at }: { object: KubeObject; at: At }): void {
  if (isRuled(kind)) applyRules(kind, { object: object as Kinds[typeof kind], at })
}

function applyRules<K extends CoreKind>(kind: K, { object, at }: { object: Kinds[K]; at: At }): void {
  byKind[kind]?.(object, at)
}

function isRuled(kind: KindKey): kind is CoreKind {
  return Object.hasOwn(byKind, kind)
}
