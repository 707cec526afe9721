import { fieldOf, isFields, type Fields } from './fields.ts'
import { parseApiVersion } from './resource-id.ts'

/** How the lists inside a value are merged. */
export interface MergeSchema {
  readonly fields?: Readonly<Record<string, MergeSchema>> | undefined
  /** Of a list: merged item by item, those with equal keys; without a key, items are texts. */
  readonly mergedBy?: readonly string[] | undefined
  /** Of a list or a map of any keys. */
  readonly items?: MergeSchema | undefined
}

/** What is known of the objects of a kind; undefined for kinds whose lists are replaced as a whole. */
export type MergeSchemas = (type: { readonly apiVersion: string; readonly kind: string }) => MergeSchema | undefined

function mergedBy(keys: readonly string[], fields: Readonly<Record<string, MergeSchema>> = {}): MergeSchema {
  return { mergedBy: keys, items: { fields } }
}
function inside(fields: Readonly<Record<string, MergeSchema>>): MergeSchema {
  return { fields }
}

const metadata = inside({ finalizers: mergedBy([]), ownerReferences: mergedBy(['uid']) })
const container = {
  env: mergedBy(['name']),
  ports: mergedBy(['containerPort', 'protocol']),
  volumeDevices: mergedBy(['devicePath']),
  volumeMounts: mergedBy(['mountPath']),
}
const podSpec = inside({
  containers: mergedBy(['name'], container),
  ephemeralContainers: mergedBy(['name'], container),
  hostAliases: mergedBy(['ip']),
  imagePullSecrets: mergedBy(['name']),
  initContainers: mergedBy(['name'], container),
  topologySpreadConstraints: mergedBy(['topologyKey', 'whenUnsatisfiable']),
  volumes: mergedBy(['name']),
})
const template = inside({ metadata, spec: podSpec })
const job = inside({ template })
const claim = inside({ metadata })
const conditions = inside({ conditions: mergedBy(['type']) })
const workload = inside({ metadata, spec: inside({ template }), status: conditions })
const webhooks = inside({ metadata, webhooks: mergedBy(['name']) })
const other = inside({ metadata })
const withConditions = inside({ metadata, status: conditions })

const kinds: Readonly<Record<string, MergeSchema>> = {
  'v1 Pod': inside({
    metadata,
    spec: podSpec,
    status: inside({ conditions: mergedBy(['type']), podIPs: mergedBy(['ip']) }),
  }),
  'v1 PodTemplate': inside({ metadata, template }),
  'v1 ReplicationController': workload,
  'v1 Service': inside({ metadata, spec: inside({ ports: mergedBy(['port', 'protocol']) }), status: conditions }),
  'v1 ServiceAccount': inside({ metadata, secrets: mergedBy(['name']) }),
  'v1 Node': inside({
    metadata,
    spec: inside({ podCIDRs: mergedBy([]) }),
    status: inside({ addresses: mergedBy(['type']), conditions: mergedBy(['type']) }),
  }),
  'v1 Namespace': withConditions,
  'v1 PersistentVolumeClaim': withConditions,
  'v1 ComponentStatus': inside({ metadata, conditions: mergedBy(['type']) }),
  'apps/v1 Deployment': workload,
  'apps/v1 ReplicaSet': workload,
  'apps/v1 DaemonSet': workload,
  'apps/v1 StatefulSet': inside({
    metadata,
    spec: inside({ template, volumeClaimTemplates: { items: claim } }),
    status: conditions,
  }),
  'batch/v1 Job': inside({ metadata, spec: job, status: conditions }),
  'batch/v1 CronJob': inside({ metadata, spec: inside({ jobTemplate: inside({ metadata, spec: job }) }) }),
  'batch/v1beta1 CronJob': inside({ metadata, spec: inside({ jobTemplate: inside({ metadata, spec: job }) }) }),
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration': webhooks,
  'apiregistration.k8s.io/v1 APIService': withConditions,
  'policy/v1 PodDisruptionBudget': withConditions,
  'storage.k8s.io/v1 CSINode': inside({ metadata, spec: inside({ drivers: mergedBy(['name']) }) }),
}

/** Groups of Kubernetes's own: their other kinds merge their metadata's lists alone. */
const groups: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  'admissionregistration.k8s.io': ['v1', 'v1beta1'],
  'apiextensions.k8s.io': ['v1', 'v1beta1'],
  'apiregistration.k8s.io': ['v1', 'v1beta1'],
  apps: ['v1'],
  autoscaling: ['v1', 'v2beta1', 'v2beta2'],
  batch: ['v1', 'v1beta1'],
  'certificates.k8s.io': ['v1', 'v1beta1'],
  'coordination.k8s.io': ['v1', 'v1beta1'],
  'discovery.k8s.io': ['v1', 'v1beta1'],
  'events.k8s.io': ['v1', 'v1beta1'],
  extensions: ['v1beta1'],
  'networking.k8s.io': ['v1', 'v1beta1'],
  'node.k8s.io': ['v1', 'v1beta1'],
  policy: ['v1', 'v1beta1'],
  'rbac.authorization.k8s.io': ['v1', 'v1beta1'],
  'scheduling.k8s.io': ['v1', 'v1beta1'],
  'storage.k8s.io': ['v1', 'v1beta1'],
}

export const kubernetesSchemas: MergeSchemas = ({ apiVersion, kind }) => {
  const known = `${apiVersion} ${kind}`
  if (Object.hasOwn(kinds, known)) return kinds[known]
  const { group, version } = parseApiVersion(apiVersion)
  return Object.hasOwn(groups, group) && groups[group]?.includes(version) === true ? other : undefined
}

/** Deeper than any kind's schema; a definition may name itself. */
const maxDepth = 40

/** The schemas of an OpenAPI document (`openapi.path`), which take the place of Kubernetes's own. */
export function schemasOf(openApi: unknown): MergeSchemas {
  const definitions = fieldOf(openApi, 'definitions')
  const byType = new Map<string, Fields>()
  for (const definition of isFields(definitions) ? Object.values(definitions) : []) {
    const types = fieldOf(definition, 'x-kubernetes-group-version-kind')
    for (const type of Array.isArray(types) ? types : []) {
      const [group, version, kind] = ['group', 'version', 'kind'].map(name => String(fieldOf(type, name) ?? ''))
      if (isFields(definition)) byType.set(`${group === '' ? '' : `${group}/`}${version} ${kind}`, definition)
    }
  }
  return ({ apiVersion, kind }) => {
    const definition = byType.get(`${apiVersion} ${kind}`)
    return definition && new DefinedSchema(definition, { definitions, depth: 0 })
  }
}

/** Follows an OpenAPI definition as far as it is asked. */
class DefinedSchema implements MergeSchema {
  readonly #definition: Fields
  readonly #definitions: unknown
  readonly #depth: number

  constructor(definition: Fields, { definitions, depth }: { readonly definitions: unknown; readonly depth: number }) {
    this.#definition = definition
    this.#definitions = definitions
    this.#depth = depth
  }

  get fields(): Record<string, MergeSchema> | undefined {
    const properties = fieldOf(this.#definition, 'properties')
    if (!isFields(properties)) return undefined
    return Object.fromEntries(
      Object.entries(properties).flatMap(([name, each]) => {
        const schema = this.#at(each)
        return schema === undefined ? [] : [[name, schema] as const]
      }),
    )
  }

  get items(): MergeSchema | undefined {
    return this.#at(fieldOf(this.#definition, 'items')) ?? this.#at(fieldOf(this.#definition, 'additionalProperties'))
  }

  get mergedBy(): readonly string[] | undefined {
    const strategy = fieldOf(this.#definition, 'x-kubernetes-patch-strategy')
    if (typeof strategy !== 'string' || !strategy.split(',').includes('merge')) return undefined
    const keys = fieldOf(this.#definition, 'x-kubernetes-list-map-keys')
    if (Array.isArray(keys)) return keys.map(String)
    const key = fieldOf(this.#definition, 'x-kubernetes-patch-merge-key')
    return typeof key === 'string' ? [key] : []
  }

  #at(value: unknown): MergeSchema | undefined {
    if (!isFields(value) || this.#depth >= maxDepth) return undefined
    const reference = fieldOf(value, '$ref')
    const name = typeof reference === 'string' ? reference.replace('#/definitions/', '') : undefined
    const target = name === undefined ? value : fieldOf(this.#definitions, name)
    if (!isFields(target)) return undefined
    return new DefinedSchema({ ...target, ...value }, { definitions: this.#definitions, depth: this.#depth + 1 })
  }
}
