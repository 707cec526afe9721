import { ifGiven } from '../defaults/given.ts'
import { desiredAnnotation, releaseAnnotation, reportedAnnotation, sourceAnnotation } from '../manifest.ts'
import { isDnsLabel, isDnsSubdomain, isServiceName } from '../names.ts'
import type { KindKey } from '../reference.ts'
import { type Report, show } from '../report.ts'
import type { ObjectMeta } from '../types.ts'
import { checkSequence } from './sequence.ts'

/** What the cluster gives an object; in a file it is left over from an export. */
const generated: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'ownerReferences',
  'selfLink',
])
const generatedAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
])

const ownAnnotations: readonly string[] = [sourceAnnotation, desiredAnnotation, reportedAnnotation, releaseAnnotation]

/** Kubernetes's limit for the keys and values of all annotations of an object. */
const mostAnnotationBytes = 262_144

type Annotations = NonNullable<ObjectMeta['annotations']>

export interface MetadataOptions {
  readonly kind: KindKey
  /** undefined where the kind is not known: a custom resource keeps the namespace that it has or has not. */
  readonly namespaced: boolean | undefined
  readonly defaultNamespace: string
  readonly report: Report
}

/** Metadata that conforms to its schema, which does not ask for a name. */
type GivenMeta = Omit<ObjectMeta, 'name'> & { readonly name?: string }

/** Checks an object's own metadata, drops what only the cluster writes, and fills in the namespace. */
export function checkMetadata(given: Readonly<Record<string, unknown>>, options: MetadataOptions): ObjectMeta {
  const kept = Object.fromEntries(Object.entries(given).filter(([field]) => !isGenerated(field, options.report)))
  const { name = '', generateName, namespace, annotations, ...rest } = kept as GivenMeta
  checkName({ name, generateName }, options)
  return {
    name,
    ...namespaceOf(namespace, options),
    ...rest,
    ...ifGiven('annotations', annotations, map => checkAnnotations(map, options)),
  }
}

function isGenerated(field: string, report: Report): boolean {
  if (!generated.has(field)) return false
  report.warn(['metadata', field], 'is given by the cluster; the value here is left out', {
    target: 'key',
    remedy: 'remove it',
  })
  return true
}

interface NameRule {
  readonly accepts: (name: string) => boolean
  readonly expected: string
}
const subdomain: NameRule = {
  accepts: isDnsSubdomain,
  expected: 'up to 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends',
}
/** Names that only have to fit into a path: `system:node-reader`. */
const pathSegment: NameRule = {
  accepts: name => !/[/%]/.test(name) && name !== '.' && name !== '..',
  expected: 'a name without "/" and "%"',
}
/** Kinds whose names are more, or less, than DNS subdomains. */
const nameRules: Readonly<Record<string, NameRule>> = {
  Namespace: {
    accepts: isDnsLabel,
    expected: 'up to 63 lower-case letters, digits and "-", with a letter or digit at both ends',
  },
  Service: {
    accepts: isServiceName,
    expected: 'up to 63 lower-case letters, digits and "-", with a letter at the start',
  },
  'Role.rbac.authorization.k8s.io': pathSegment,
  'RoleBinding.rbac.authorization.k8s.io': pathSegment,
  'ClusterRole.rbac.authorization.k8s.io': pathSegment,
  'ClusterRoleBinding.rbac.authorization.k8s.io': pathSegment,
}

/** An object of git needs a name by which it is found again, which a generated one is not. */
function checkName(
  { name, generateName }: { name: string; generateName: string | undefined },
  options: MetadataOptions,
): void {
  const { kind, report } = options
  const { accepts, expected } = nameRules[kind] ?? subdomain
  if (generateName !== undefined) {
    report.error(['metadata', 'generateName'], 'has no meaning for an object of a branch', {
      target: 'key',
      remedy: 'write name instead',
    })
  } else if (name === '') report.error(['metadata', 'name'], 'is required', { remedy: 'add metadata.name' })
  else if (!accepts(name)) {
    const lower = name.toLowerCase().replaceAll('_', '-')
    report.error(
      ['metadata', 'name'],
      `must be ${expected}, not ${show(name)}`,
      accepts(lower) ? { remedy: `write ${lower}` } : {},
    )
  }
}

function namespaceOf(
  namespace: string | undefined,
  { namespaced, defaultNamespace, report }: MetadataOptions,
): { readonly namespace?: string } {
  const given = namespace === undefined || namespace === '' ? undefined : namespace
  const place = ['metadata', 'namespace']
  if (given !== undefined && !isDnsLabel(given)) {
    report.error(place, `must be up to 63 lower-case letters, digits and "-", not ${show(given)}`)
  }
  if (namespaced === true) return { namespace: given ?? defaultNamespace }
  if (given === undefined) return {}
  if (namespaced === undefined) return { namespace: given }
  report.warn(place, 'has no meaning: objects of this kind belong to no namespace; it is left out', {
    target: 'key',
    remedy: 'remove it',
  })
  return {}
}

function checkAnnotations(annotations: Annotations, { kind, report }: MetadataOptions): Annotations {
  const place = ['metadata', 'annotations']
  for (const name of ownAnnotations) {
    if (!Object.hasOwn(annotations, name)) continue
    report.error([...place, name], 'is written by Gantry alone', { target: 'key', remedy: 'remove it' })
  }
  checkSequence(annotations, { kind, report })
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (bytes > mostAnnotationBytes)
    report.error(place, `must hold no more than ${mostAnnotationBytes} characters, not ${bytes}`)
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => {
      if (!generatedAnnotations.has(key)) return true
      report.warn([...place, key], 'is written by the cluster; the value here is left out', {
        target: 'key',
        remedy: 'remove it',
      })
      return false
    }),
  )
}
