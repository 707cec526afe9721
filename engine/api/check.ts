import { setDefaults } from './defaults/defaults.ts'
import { type Identity, identify } from './identify.ts'
import { ignoreAnnotation } from './manifest.ts'
import type { Problem } from './problem.ts'
import { describeRef, kindKey, keyOf } from './reference.ts'
import { type Resource, resourceOf } from './registry.ts'
import { type FieldPath, type Locate, Report, show } from './report.ts'
import { checkMetadata } from './rules/metadata.ts'
import { checkRules } from './rules/rules.ts'
import { conform, isObject } from './conform.ts'
import { equal } from './stable.ts'
import { type FieldGap, type KindSupport, foreignKinds, supportOf } from './support.ts'
import type { KubeObject } from './types.ts'

export type { FieldPath, Locate }

export interface CheckOptions {
  readonly locate: Locate
  /** The namespace of objects that name none and whose kind asks for one. */
  readonly defaultNamespace: string
}

export interface Checked {
  /** The object as Kubernetes would store it, defaulted. Absent where there is an error or the object is ignored. */
  readonly object?: KubeObject
  readonly problems: readonly Problem[]
  /** `kept`: stored, and nothing follows from it. `ignored`: left out by its annotation. */
  readonly disposition: 'run' | 'kept' | 'ignored'
}

/**
 * Checks one object of a commit and sets its defaults. Reports every problem at once; never throws, whatever the value
 * is, and never changes it.
 */
export function checkObject(value: unknown, { locate, defaultNamespace }: CheckOptions): Checked {
  const report = new Report({ value, locate, object: describe(value, defaultNamespace) })
  if (!isObject(value)) {
    report.error([], `must be an object with apiVersion, kind and metadata, not ${show(value)}`)
    return { problems: report.problems, disposition: 'run' }
  }
  const ignored = readIgnore(value, report)
  if (ignored) return { problems: [], disposition: 'ignored' }
  const identity = identify(value, report)
  if (!identity || report.failed) return { problems: report.problems, disposition: 'run' }
  const support = supportOfIdentity(identity)
  reportSupport(identity, { support, report })
  const object =
    support.disposition === 'refused' ? undefined : readObject(value, { identity, support, report, defaultNamespace })
  return {
    ...(object === undefined || report.failed ? {} : { object }),
    problems: report.problems,
    disposition: support.disposition === 'kept' ? 'kept' : 'run',
  }
}

interface Reading {
  readonly identity: Identity
  readonly support: KindSupport
  readonly report: Report
  readonly defaultNamespace: string
}

function readObject(value: Readonly<Record<string, unknown>>, reading: Reading): KubeObject | undefined {
  const { identity, report } = reading
  const { status, ...given } = value
  if (!isEmpty(status)) {
    report.warn(['status'], 'is written by the cluster; it is left out', { target: 'key', remedy: 'remove it' })
  }
  const object =
    identity.kind === 'known'
      ? readKnown(given, { ...reading, resource: identity.resource })
      : readCustom(given, reading)
  if (!object || identity.kind === 'custom') return object
  report.settle()
  const defaulted = setDefaults(identity.resource.kindKey, object)
  checkRules(identity.resource.kindKey, { object: defaulted, at: { path: [], report } })
  return defaulted
}

function readKnown(
  given: Readonly<Record<string, unknown>>,
  { resource, support, report, defaultNamespace }: Reading & { resource: Resource },
): KubeObject | undefined {
  const { value, whole } = conform(
    { ...given, metadata: given['metadata'] ?? {} },
    { kind: 'model', name: resource.model ?? '' },
    {
      report,
      hideValues: resource.kindKey === 'Secret',
      ...(support.disposition === 'run' ? { onGap: (gap, field) => reportGap(gap, { ...field, report }) } : {}),
    },
  )
  report.settle()
  const { kindKey: kind, namespaced } = resource
  const fields = isObject(value) ? value : {}
  const metadata = checkMetadata(metadataOf(fields), { kind, namespaced, defaultNamespace, report })
  if (!whole) return undefined
  return { ...fields, ...typeOf(given), metadata }
}

/** An object whose definition is not known: its metadata is checked, the rest is copied as it is. */
function readCustom(
  given: Readonly<Record<string, unknown>>,
  { report, defaultNamespace }: Reading,
): KubeObject | undefined {
  const { metadata, ...rest } = given
  const free = conform(rest, { kind: 'any' }, { report, hideValues: true })
  const meta = conform(
    metadata ?? {},
    { kind: 'model', name: 'V1ObjectMeta' },
    { report, hideValues: false, path: ['metadata'] },
  )
  report.settle()
  const checked = checkMetadata(isObject(meta.value) ? meta.value : {}, {
    kind: '',
    namespaced: undefined,
    defaultNamespace,
    report,
  })
  if (!free.whole || !meta.whole || !isObject(free.value)) return undefined
  return { ...free.value, ...typeOf(given), metadata: checked }
}

function typeOf(given: Readonly<Record<string, unknown>>): { apiVersion: string; kind: string } {
  return { apiVersion: String(given['apiVersion']), kind: String(given['kind']) }
}

function metadataOf(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = fields['metadata']
  return isObject(metadata) ? metadata : {}
}

/** Whether the object is to be left out. Comes before anything else is looked at: it may be of a kind that is refused. */
function readIgnore(value: Readonly<Record<string, unknown>>, report: Report): boolean {
  const annotations = metadataOf(value)['annotations']
  if (!isObject(annotations) || !Object.hasOwn(annotations, ignoreAnnotation)) return false
  const given = annotations[ignoreAnnotation]
  if (given !== 'true' && given !== 'false') {
    report.error(
      ['metadata', 'annotations', ignoreAnnotation],
      `must be "true" or "false", in quotes, not ${show(given)}`,
      {
        remedy: `write ${ignoreAnnotation}: "true"`,
      },
    )
  }
  return given === 'true'
}

function supportOfIdentity(identity: Identity): KindSupport {
  if (identity.kind === 'known') return supportOf(identity.resource.kindKey)
  const kind = kindKey(identity.apiVersion, identity.name)
  return foreignKinds[kind] ?? { disposition: 'kept', effect: 'Gantry has no controller for it' }
}

const ignoreRemedy = `set the annotation ${ignoreAnnotation}: "true" to leave it out`

function reportSupport(identity: Identity, { support, report }: { support: KindSupport; report: Report }): void {
  const name = identity.kind === 'known' ? identity.resource.kind : identity.name
  const because = support.effect === undefined ? '' : `: ${support.effect}`
  if (support.disposition === 'kept') report.warn(['kind'], `${name} is not acted on${because}`)
  if (support.disposition === 'refused') {
    const remedy = support.remedy === undefined ? ignoreRemedy : `${support.remedy}, or ${ignoreRemedy}`
    report.error(['kind'], `${name} is not supported by Gantry yet${because}`, { remedy })
  }
}

function reportGap(gap: FieldGap, { path, value, report }: { path: FieldPath; value: unknown; report: Report }): void {
  const { harmless = [] } = gap
  // Where true is what happens anyway, false asks for something.
  const asks = value === false ? harmless.includes(true) : !isEmpty(value)
  if (!asks || harmless.some(other => equal(other, value))) return
  const text = `is not honoured by Gantry yet: ${gap.effect}`
  if (gap.refused) report.error(path, text, { target: 'key', remedy: 'remove it' })
  else report.warn(path, text, { target: 'key' })
}

/** Says nothing: as good as not written. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === false || value === '' || value === 0
}

/** `Deployment shop/web`, as far as the input tells. */
function describe(value: unknown, defaultNamespace: string): string | undefined {
  if (!isObject(value)) return undefined
  const { apiVersion, kind } = value
  const { name, namespace } = metadataOf(value)
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined
  const key = kindKey(typeof apiVersion === 'string' ? apiVersion : '', kind)
  const own = typeof namespace === 'string' && namespace !== '' ? namespace : undefined
  // A custom resource without a namespace may be one that belongs to none.
  const namespaced = resourceOf(key)?.namespaced ?? own !== undefined
  return describeRef({ kind: key, key: namespaced ? keyOf(name, own ?? defaultNamespace) : name })
}
