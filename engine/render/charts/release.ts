import { kubernetesVersion } from '../../api/kubernetes-version.ts'
import type { Origin, Problem } from '../../api/problem.ts'
import { apiVersionOf, resources } from '../../api/registry.ts'
import type { FieldPath } from '../../api/report.ts'
import { fieldOf, isFields, type Fields } from '../kustomize/fields.ts'

/** What a chart is rendered as. */
export interface Release {
  readonly name: string
  readonly namespace: string
  readonly isInstall: boolean
  readonly isUpgrade: boolean
  readonly revision: number
}

/** Values that a user gives, and where they stand. Of several layers a later one counts. */
export interface ValuesLayer {
  readonly values: Fields
  place(path: FieldPath): Origin
  /** Nothing made of these values is shown in a message. */
  readonly secret: boolean
  readonly warnings: readonly Problem[]
}

/** What the cluster is, for charts that ask. */
export interface Capabilities {
  /** Such as `v1.34.0`. */
  readonly kubeVersion: string
  /** `apps/v1`, and kinds too: `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[]
}

/** The version of Kubernetes whose meanings are followed, and every kind that it has. */
export const ownCapabilities: Capabilities = {
  kubeVersion: `v${kubernetesVersion.major}.${kubernetesVersion.minor}.0`,
  apiVersions: [
    ...new Set(resources.flatMap(each => [apiVersionOf(each), `${apiVersionOf(each)}/${each.kind}`])),
  ].sort(),
}

/** Which objects of the commit a template asks for; all of a kind where `name` is ''. */
export interface LookupQuery {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** The commit's own objects that a query means. */
export type Lookup = (query: LookupQuery) => readonly Fields[]

/** Finds objects among those of a commit. */
export function lookupAmong(objects: readonly Fields[]): Lookup {
  return ({ apiVersion, kind, namespace, name }) =>
    objects.filter(object => {
      const metadata = fieldOf(object, 'metadata')
      if (!isFields(metadata) || object['apiVersion'] !== apiVersion || object['kind'] !== kind) return false
      const isNamed = name === '' || fieldOf(metadata, 'name') === name
      return isNamed && (namespace === '' || fieldOf(metadata, 'namespace') === namespace)
    })
}
