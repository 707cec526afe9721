/** A container's variables, command and arguments, as the kubelet makes them. */
import type { ConfigMap, Container, EnvVar, EnvFromSource, KeySelector, Secret } from '../../engine/api/types.ts'
import { StartError } from '../runtime/runtime.ts'
import type { Mirror } from '../mirror.ts'
import { expand } from '../spec/expansion.ts'
import { type FieldFacts, fieldValue, resourceValue } from '../spec/fields.ts'
import { serviceVariables } from './service-variables.ts'

export interface EnvironmentFacts extends FieldFacts {
  readonly container: Container
  readonly mirror: Pick<Mirror, 'configMap' | 'secret' | 'services'>
  /** In loopback mode a pod is told its own address, which it must bind. */
  readonly tellsPodIP: boolean
}

export interface Environment {
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  /** Keys of ConfigMaps and Secrets that cannot name a variable, in Kubernetes's words. */
  readonly skipped: readonly string[]
}

/** Later ones win: service variables, envFrom, env. Throws StartError where something is missing that is not optional. */
export function environmentOf(facts: EnvironmentFacts): Environment {
  const { container, pod } = facts
  const variables = new Map<string, string>()
  const skipped: string[] = []
  if (facts.tellsPodIP && facts.podIP !== undefined) variables.set('POD_IP', facts.podIP)
  if (pod.spec.enableServiceLinks !== false) {
    const services = facts.mirror.services().filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
    for (const [name, value] of serviceVariables(services)) variables.set(name, value)
  }
  for (const source of container.envFrom ?? []) {
    const taken = fromSource(source, facts)
    for (const [name, value] of taken.variables) variables.set(name, value)
    skipped.push(...taken.skipped)
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, { facts, variables })
    if (value !== undefined) variables.set(variable.name, value)
  }
  return {
    env: Object.fromEntries(variables),
    command: container.command?.map(word => expand(word, variables)),
    args: container.args?.map(word => expand(word, variables)),
    skipped,
  }
}

/** Undefined: an optional source is missing, and the variable is not set at all. */
function valueOf(
  { value = '', valueFrom }: EnvVar,
  { facts, variables }: { facts: EnvironmentFacts; variables: ReadonlyMap<string, string> },
): string | undefined {
  if (!valueFrom) return expand(value, variables)
  if (valueFrom.configMapKeyRef) return fromConfigMap(valueFrom.configMapKeyRef, facts)
  if (valueFrom.secretKeyRef) return fromSecret(valueFrom.secretKeyRef, facts)
  try {
    if (valueFrom.fieldRef) return fieldValue(valueFrom.fieldRef.fieldPath, facts)
    if (valueFrom.resourceFieldRef) return resourceValue(valueFrom.resourceFieldRef, facts)
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error))
  }
  return undefined
}

function fromConfigMap(selector: KeySelector, { mirror, pod }: EnvironmentFacts): string | undefined {
  const { namespace = '' } = pod.metadata
  const map = mirror.configMap(namespace, selector.name)
  const value = map && configMapText(map).get(selector.key)
  if (value !== undefined || selector.optional) return value
  if (!map) throw refusal(`configmap "${selector.name}" not found`)
  throw refusal(`couldn't find key ${selector.key} in ConfigMap ${namespace}/${selector.name}`)
}

function fromSecret(selector: KeySelector, { mirror, pod }: EnvironmentFacts): string | undefined {
  const { namespace = '' } = pod.metadata
  const secret = mirror.secret(namespace, selector.name)
  const value = secret && secretText(secret).get(selector.key)
  if (value !== undefined || selector.optional) return value
  if (!secret) throw refusal(`secret "${selector.name}" not found`)
  throw refusal(`couldn't find key ${selector.key} in Secret ${namespace}/${selector.name}`)
}

function fromSource(source: EnvFromSource, { mirror, pod }: EnvironmentFacts) {
  const { namespace = '' } = pod.metadata
  const { configMapRef, secretRef, prefix = '' } = source
  if (configMapRef) {
    const map = mirror.configMap(namespace, configMapRef.name)
    if (!map && !configMapRef.optional) throw refusal(`configmap "${configMapRef.name}" not found`)
    return named(map ? configMapText(map) : new Map(), { prefix, from: `configMap ${namespace}/${configMapRef.name}` })
  }
  if (secretRef) {
    const secret = mirror.secret(namespace, secretRef.name)
    if (!secret && !secretRef.optional) throw refusal(`secret "${secretRef.name}" not found`)
    return named(secret ? secretText(secret) : new Map(), { prefix, from: `secret ${namespace}/${secretRef.name}` })
  }
  return { variables: [], skipped: [] }
}

function named(values: ReadonlyMap<string, string>, { prefix, from }: { prefix: string; from: string }) {
  const variables: [string, string][] = []
  const invalid: string[] = []
  for (const [key, value] of values) {
    if (isVariableName(prefix + key)) variables.push([prefix + key, value])
    else invalid.push(prefix + key)
  }
  const keys = invalid.sort().join(', ')
  const skipped =
    invalid.length === 0
      ? []
      : [
          `Keys [${keys}] from the EnvFrom ${from} were skipped since they are considered invalid environment variable names.`,
        ]
  return { variables, skipped }
}

function isVariableName(name: string): boolean {
  return /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name) && name !== '.' && !name.startsWith('..')
}

function configMapText(map: ConfigMap): ReadonlyMap<string, string> {
  return new Map(Object.entries(map.data ?? {}))
}

function secretText(secret: Secret): ReadonlyMap<string, string> {
  return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decodeBase64(value)]))
}

function decodeBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), char => char.charCodeAt(0)))
}

function refusal(message: string): StartError {
  return new StartError('CreateContainerConfigError', message)
}
