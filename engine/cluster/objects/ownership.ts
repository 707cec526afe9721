import { keyOf, type Key } from '../../api/reference.ts'
import type { KubeObject, OwnerReference } from '../../api/types.ts'

/** The one owner that manages an object. */
export function controllerOf(object: Pick<KubeObject, 'metadata'>): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller === true)
}

export function isControlledBy(object: Pick<KubeObject, 'metadata'>, owner: Pick<KubeObject, 'metadata'>): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** The key of an object's controller: owners share their dependents' namespace. */
export function controllerKey(object: Pick<KubeObject, 'metadata'>): Key | undefined {
  const owner = controllerOf(object)
  return owner && keyOf(owner.name, object.metadata.namespace)
}

export function isBeingDeleted(object: Pick<KubeObject, 'metadata'>): boolean {
  return object.metadata.deletionTimestamp !== undefined
}
