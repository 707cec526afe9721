/** Group, version and kind; a selector's empty parts stand for any. */
export interface Gvk {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface ResourceId extends Gvk {
  readonly name: string
  readonly namespace: string
}

export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

export function isSelected(gvk: Gvk, selector: Partial<Gvk>): boolean {
  return fits(gvk.group, selector.group) && fits(gvk.version, selector.version) && fits(gvk.kind, selector.kind)
}

function fits(value: string, wanted: string | undefined): boolean {
  return wanted === undefined || wanted === '' || wanted === value
}

const clusterScoped: Readonly<Record<string, readonly string[]>> = {
  '': ['ComponentStatus', 'Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io': [
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'authentication.k8s.io': ['TokenReview'],
  'authorization.k8s.io': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'],
  'certificates.k8s.io': ['CertificateSigningRequest'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'internal.apiserver.k8s.io': ['StorageVersion'],
  'networking.k8s.io': ['IngressClass'],
  'node.k8s.io': ['RuntimeClass'],
  policy: ['PodSecurityPolicy'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
}

/** Kinds that Kustomize does not know count as namespaced. */
export function isClusterScoped({ group, kind }: Gvk): boolean {
  return Object.hasOwn(clusterScoped, group) && clusterScoped[group]?.includes(kind) === true
}

/** The namespace that two ids are compared by. */
export function effectiveNamespace(id: ResourceId): string {
  if (isClusterScoped(id)) return '_'
  return id.namespace === '' ? 'default' : id.namespace
}

export function sameId(a: ResourceId, b: ResourceId): boolean {
  return sameGvkAndName(a, b) && effectiveNamespace(a) === effectiveNamespace(b)
}

/** Equal for what sameId takes for one. */
export function idKey(id: ResourceId): string {
  return [id.group, id.version, id.kind, effectiveNamespace(id), id.name].join('\n')
}

export function sameGvkAndName(a: ResourceId, b: ResourceId): boolean {
  return a.group === b.group && a.version === b.version && a.kind === b.kind && a.name === b.name
}

export function idInWords({ group, version, kind, name, namespace }: ResourceId): string {
  const type = `${kind === '' ? 'object' : kind}${version === '' ? '' : ` (${group === '' ? '' : `${group}/`}${version})`}`
  return `${type} ${namespace === '' ? '' : `${namespace}/`}${name}`
}
