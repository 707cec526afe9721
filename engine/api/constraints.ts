import {
  isConfigKey,
  isDnsLabel,
  isDnsSubdomain,
  isEnvName,
  isIP,
  isLabelValue,
  isPortName,
  isQualifiedName,
  isRelativePath,
} from './names.ts'
import { nearest } from './nearest.ts'
import { parseFieldPath } from './field-path.ts'
import { starterRules } from './settings.ts'
import { isHost, isOciReference, isRepositoryUrl } from './remote-names.ts'
import { isVersionRange } from './version-range.ts'

/** What a field's value must be, beyond its type. */
export interface Constraint {
  readonly accepts: (value: unknown) => boolean
  /** Reads on from "must be": `one of Always, Never`. */
  readonly expected: string
  /** What the author most likely meant. */
  readonly remedy?: (value: unknown) => string | undefined
  /** Holds for each item of a list, or for each `[key, value]` of a map, rather than for the whole. */
  readonly of?: 'items' | 'entries'
  /** Kubernetes reads 0 as "not given" here, and sets the default. */
  readonly zeroIsUnset?: true
}

function oneOf(...choices: readonly string[]): Constraint {
  return {
    accepts: value => typeof value === 'string' && choices.includes(value),
    expected: `one of ${choices.join(', ')}`,
    remedy: value => {
      const meant = typeof value === 'string' ? nearest(value, choices) : undefined
      return meant && `did you mean ${meant}?`
    },
  }
}

function between(least: number, most: number): Constraint {
  return {
    accepts: value => typeof value === 'number' && value >= least && value <= most,
    expected: most === Infinity ? `a whole number of ${least} or more` : `a whole number from ${least} to ${most}`,
  }
}

function orUnset(constraint: Constraint): Constraint {
  return { ...constraint, zeroIsUnset: true }
}

function text(accepts: (value: string) => boolean, expected: string): Constraint {
  return { accepts: value => typeof value === 'string' && accepts(value), expected }
}

/** Text in lower case, which is what is most often forgotten. */
function lowerCase(accepts: (value: string) => boolean, expected: string): Constraint {
  return {
    ...text(accepts, expected),
    remedy: value => {
      const lower = String(value).toLowerCase().replaceAll('_', '-')
      return accepts(lower) ? `write ${lower}` : undefined
    },
  }
}

function each(constraint: Constraint): Constraint {
  return { ...constraint, of: 'items' }
}

/** A map whose keys (and values) have a syntax of their own. */
function entries(accepts: (key: string, value: string) => boolean, expected: string): Constraint {
  return {
    accepts: entry => Array.isArray(entry) && accepts(String(entry[0]), String(entry[1])),
    expected,
    of: 'entries',
  }
}

const notNegative = between(0, Infinity)
const positive = between(1, Infinity)
const port = between(1, 65535)
const userId = between(0, 2 ** 31 - 1)
const fileMode = between(0, 0o777)
const portOrName: Constraint = {
  accepts: value => (typeof value === 'number' ? port.accepts(value) : typeof value === 'string' && isPortName(value)),
  expected: "a port's number (1 to 65535) or name (up to 15 lower-case letters, digits and hyphens)",
  remedy: value => (typeof value === 'string' && /^\d+$/.test(value) ? `write ${value} without quotes` : undefined),
}
const label = lowerCase(
  isDnsLabel,
  'up to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends',
)
const objectName = lowerCase(
  isDnsSubdomain,
  'up to 253 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
)
const portName = lowerCase(
  isPortName,
  'up to 15 lower-case letters, digits and single hyphens, with at least one letter',
)
const ipAddress = text(isIP, 'an IP address')
const protocol = oneOf('TCP', 'UDP', 'SCTP')
const relativePath = text(isRelativePath, 'a relative path without ".."')
const labels = entries(
  (key, value) => isQualifiedName(key) && isLabelValue(value),
  'a label: a key like app or example.com/app, a value of up to 63 letters, digits, "-", "_" and "." that begins and ends with a letter or digit',
)
const wholeOrPercent: Constraint = {
  accepts: value => (typeof value === 'number' ? value >= 0 : typeof value === 'string' && /^\d+%$/.test(value)),
  expected: 'a whole number of 0 or more, or a percentage such as 25%',
}
const configKeys = entries(isConfigKey, 'under a key of letters, digits, "-", "_" and "." only')

function isStarterRule(name: string): boolean {
  return starterRules.some(rule => rule === name)
}

function isSeverity(text: string): boolean {
  return text === 'error' || text === 'warning'
}

/**
 * By model (without its version) and field. Kubernetes checks the same in its validation packages; here it is data, so
 * that the walk along the schema reports the place.
 */
export const constraints: Readonly<Record<string, Constraint>> = {
  'ObjectMeta.labels': labels,
  'ObjectMeta.annotations': entries(
    key => isQualifiedName(key.toLowerCase()),
    'under a key like note or example.com/note, of up to 63 letters, digits, "-", "_" and "." after the slash',
  ),
  'LabelSelector.matchLabels': labels,
  'LabelSelectorRequirement.operator': oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
  'LabelSelectorRequirement.key': text(isQualifiedName, 'a label key like app or example.com/app'),
  'LabelSelectorRequirement.values': each(text(isLabelValue, 'a label value')),

  'PodSpec.restartPolicy': oneOf('Always', 'OnFailure', 'Never'),
  'PodSpec.dnsPolicy': oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
  'PodSpec.terminationGracePeriodSeconds': notNegative,
  'JobSpec.parallelism': notNegative,
  'JobSpec.completions': notNegative,
  'JobSpec.backoffLimit': notNegative,
  'JobSpec.activeDeadlineSeconds': notNegative,
  'JobSpec.ttlSecondsAfterFinished': notNegative,
  'JobSpec.completionMode': oneOf('NonIndexed', 'Indexed'),
  'JobSpec.podReplacementPolicy': oneOf('TerminatingOrFailed', 'Failed'),
  'PodSpec.activeDeadlineSeconds': between(1, 2 ** 31 - 1),
  'PodSpec.hostname': label,
  'PodSpec.subdomain': label,
  'PodSpec.nodeName': objectName,
  'PodSpec.nodeSelector': labels,
  'PodSpec.runtimeClassName': objectName,
  'PodSpec.serviceAccountName': objectName,
  'PodSpec.preemptionPolicy': oneOf('PreemptLowerPriority', 'Never'),
  'PodOS.name': oneOf('linux', 'windows'),
  'HostAlias.ip': ipAddress,
  'PodDNSConfig.nameservers': each(ipAddress),
  'Toleration.operator': oneOf('Exists', 'Equal'),
  'Toleration.effect': oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  'NodeCondition.status': oneOf('True', 'False', 'Unknown'),
  'NodeAddress.type': oneOf('InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'),
  'Taint.effect': oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  'Taint.key': text(isQualifiedName, "a taint's key like gpu or example.com/gpu"),
  'Taint.value': text(isLabelValue, 'up to 63 letters, digits, "-", "_" and "."'),
  'PodSecurityContext.runAsUser': userId,
  'PodSecurityContext.runAsGroup': userId,
  'PodSecurityContext.fsGroup': userId,
  'PodSecurityContext.supplementalGroups': each(userId),
  'SecurityContext.runAsUser': userId,
  'SecurityContext.runAsGroup': userId,

  'Container.name': label,
  'Container.imagePullPolicy': oneOf('Always', 'IfNotPresent', 'Never'),
  'Container.terminationMessagePolicy': oneOf('File', 'FallbackToLogsOnError'),
  'Container.image': text(image => image.trim() === image, 'an image reference without white space around it'),
  'ContainerPort.name': portName,
  'ContainerPort.containerPort': port,
  'ContainerPort.hostPort': orUnset(port),
  'ContainerPort.hostIP': ipAddress,
  'ContainerPort.protocol': protocol,
  'EnvVar.name': text(isEnvName, 'printable ASCII characters other than "="'),
  'EnvFromSource.prefix': text(isEnvName, 'printable ASCII characters other than "="'),
  'ConfigMapKeySelector.key': text(isConfigKey, 'a key: letters, digits, "-", "_" and "."'),
  'SecretKeySelector.key': text(isConfigKey, 'a key: letters, digits, "-", "_" and "."'),
  'VolumeMount.mountPath': text(path => path !== '' && !path.includes(':'), 'a path without ":"'),
  'VolumeMount.subPath': text(isRelativePath, 'a relative path without ".."'),
  'VolumeMount.subPathExpr': text(isRelativePath, 'a relative path without ".."'),

  'Probe.initialDelaySeconds': notNegative,
  'Probe.timeoutSeconds': orUnset(positive),
  'Probe.periodSeconds': orUnset(positive),
  'Probe.successThreshold': orUnset(positive),
  'Probe.failureThreshold': orUnset(positive),
  'Probe.terminationGracePeriodSeconds': positive,
  'HTTPGetAction.scheme': oneOf('HTTP', 'HTTPS'),
  'HTTPGetAction.port': portOrName,
  'HTTPHeader.name': text(name => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name), 'the name of an HTTP header'),
  'TCPSocketAction.port': portOrName,
  'GRPCAction.port': port,
  'SleepAction.seconds': notNegative,

  'Volume.name': label,
  'EmptyDirVolumeSource.medium': text(medium => /^(Memory|HugePages(-.+)?)$/.test(medium), 'Memory, or left out'),
  'HostPathVolumeSource.path': text(
    path => path.startsWith('/') && !path.split('/').includes('..'),
    'an absolute path without ".."',
  ),
  'HostPathVolumeSource.type': oneOf(
    'DirectoryOrCreate',
    'Directory',
    'FileOrCreate',
    'File',
    'Socket',
    'CharDevice',
    'BlockDevice',
  ),
  'ConfigMapVolumeSource.defaultMode': fileMode,
  'SecretVolumeSource.defaultMode': fileMode,
  'DownwardAPIVolumeSource.defaultMode': fileMode,
  'ProjectedVolumeSource.defaultMode': fileMode,
  'KeyToPath.mode': fileMode,
  'KeyToPath.path': relativePath,
  'DownwardAPIVolumeFile.mode': fileMode,
  'DownwardAPIVolumeFile.path': relativePath,

  'ReplicaSetSpec.replicas': notNegative,
  'ReplicaSetSpec.minReadySeconds': notNegative,
  'DeploymentSpec.replicas': notNegative,
  'DeploymentSpec.minReadySeconds': notNegative,
  'DeploymentSpec.revisionHistoryLimit': notNegative,
  'DeploymentSpec.progressDeadlineSeconds': positive,
  'DeploymentStrategy.type': oneOf('RollingUpdate', 'Recreate'),
  'RollingUpdateDeployment.maxSurge': wholeOrPercent,
  'RollingUpdateDeployment.maxUnavailable': {
    ...wholeOrPercent,
    accepts: value => wholeOrPercent.accepts(value) && !(typeof value === 'string' && Number.parseInt(value, 10) > 100),
    expected: 'a whole number of 0 or more, or a percentage from 0% to 100%',
  },

  'PodDisruptionBudgetSpec.minAvailable': wholeOrPercent,
  'PodDisruptionBudgetSpec.maxUnavailable': wholeOrPercent,
  'PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy': oneOf('IfHealthyBudget', 'AlwaysAllow'),

  'ServiceSpec.type': oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
  'ServiceSpec.sessionAffinity': oneOf('None', 'ClientIP'),
  'ServiceSpec.internalTrafficPolicy': oneOf('Cluster', 'Local'),
  'ServiceSpec.externalTrafficPolicy': oneOf('Cluster', 'Local'),
  'ServiceSpec.selector': labels,
  'ServiceSpec.clusterIP': text(ip => ip === 'None' || isIP(ip), 'an IP address, or None for a headless Service'),
  'ServiceSpec.externalIPs': each(ipAddress),
  'ClientIPConfig.timeoutSeconds': between(1, 86400),
  'ServicePort.name': label,
  'ServicePort.port': port,
  'ServicePort.targetPort': orUnset(portOrName),
  // Checked for every Service: a port outside the range would never be served.
  'ServicePort.nodePort': orUnset(between(30000, 32767)),
  'ServicePort.protocol': protocol,

  'ConfigMap.data': configKeys,
  'ConfigMap.binaryData': configKeys,
  'Secret.data': configKeys,
  'Secret.stringData': configKeys,

  'ClusterSpec.paths': each(
    text(path => path === '.' || isRelativePath(path), 'a folder of the repository, without ".."'),
  ),
  'ClusterSpec.trustedSigners': each(
    text(
      key => /^(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+ [A-Za-z0-9+/]+={0,2}( .*)?$/.test(key),
      'a public SSH key as in authorized_keys',
    ),
  ),
  'ClusterSpec.secrets': oneOf('any', 'encrypted'),
  'ClusterMetadata.name': label,
  'ClusterGuards.maxDeletionPercent': between(0, 100),
  'ClusterGuards.minDeletions': notNegative,
  'ClusterNodes.admission': oneOf('open', 'strict'),
  // Agents are heard of every 3 s: a node that misses one heartbeat is not lost.
  'ClusterNodes.monitorGracePeriodSeconds': between(7, 3600),
  'ClusterNodes.unreachableTolerationSeconds': notNegative,
  'ClusterNodes.notReadyTolerationSeconds': notNegative,
  'ClusterRemotes.hosts': each({
    ...text(isHost, 'a host as in ghcr.io or charts.example.com:8443, in lower case'),
    remedy: value => {
      const host = /^(?:[a-z]+:\/\/)?([^/@]+)/.exec(String(value).toLowerCase())?.[1]
      return host !== undefined && isHost(host) ? `write ${host}` : undefined
    },
  }),
  'ClusterNetwork.encryption': oneOf('none', 'wireguard'),
  'ClusterPolicy.starter': {
    ...entries(
      (rule, severity) => isStarterRule(rule) && isSeverity(severity),
      `under the name of a rule (${starterRules.join(', ')}) and be error or warning`,
    ),
    remedy: entry => {
      const meant = Array.isArray(entry) ? nearest(String(entry[0]), starterRules) : undefined
      return meant && `write ${meant}: error`
    },
  },
  'ClusterPolicy.registries': each(
    text(
      registry => /^[a-z0-9.:_-]+(\/[a-z0-9._-]+)*$/.test(registry),
      'a registry, or a path in one, as in ghcr.io/acme',
    ),
  ),
  'PolicyRule.name': label,
  'PolicyRule.severity': oneOf('error', 'warning'),
  'PolicyMatch.kinds': each(
    text(
      kind => kind === '*' || /^([a-z0-9.-]+\/)?[A-Z][A-Za-z0-9]*$/.test(kind),
      'a kind such as Deployment or apps/Deployment, or *',
    ),
  ),
  'PolicyExpression.name': text(name => /^[A-Za-z_]\w*$/.test(name), 'a name of letters, digits and "_"'),
  'PolicyValidation.fieldPath': text(
    path => parseFieldPath(path) !== undefined,
    'a path as in .spec.template.spec.containers[0].image',
  ),

  'ReleaseSpec.releaseName': {
    ...label,
    accepts: value => typeof value === 'string' && value.length <= 53 && isDnsLabel(value),
    expected: 'up to 53 lower-case letters, digits and hyphens, with a letter or digit at both ends',
  },
  'ReleaseSpec.targetNamespace': label,
  'ReleaseChart.path': text(path => path === '.' || isRelativePath(path), 'a folder of the repository, without ".."'),
  'ReleaseChart.repository': text(
    isRepositoryUrl,
    'an https URL without a password in it, as in https://charts.example.com/stable',
  ),
  'ReleaseChart.name': text(name => /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(name), "a chart's name, without a slash"),
  'ReleaseChart.oci': text(isOciReference, 'a chart of a registry, without its version: oci://ghcr.io/org/charts/web'),
  'ReleaseChart.version': text(
    isVersionRange,
    'a version or a range of versions, as in 1.2.3, ^1.2, ~1.2.3 or ">=1.2 <3"',
  ),
  'ReleaseValues.file': relativePath,
  'ReleaseValues.kind': oneOf('ConfigMap', 'Secret'),
  'ReleaseValues.name': objectName,
  'ReleaseValues.valuesKey': text(isConfigKey, 'a key: letters, digits, "-", "_" and "."'),
  'ReleaseDependency.name': objectName,
  'ReleaseDependency.namespace': label,

  'EndpointSlice.addressType': oneOf('IPv4', 'IPv6', 'FQDN'),
  'EndpointPort.port': port,
  'EndpointPort.protocol': protocol,
}

/**
 * What Kubernetes's schema leaves optional and its validation asks for all the same. Held here so that whatever conforms
 * can be read as the types promise.
 */
export const alsoRequired: ReadonlySet<string> = new Set([
  'ConfigMapEnvSource.name',
  'ConfigMapKeySelector.name',
  'ConfigMapProjection.name',
  'ConfigMapVolumeSource.name',
  'Deployment.spec',
  'Job.spec',
  'Pod.spec',
  'PodTemplateSpec.spec',
  'ReplicaSet.spec',
  'ReplicaSetSpec.template',
  'SecretEnvSource.name',
  'SecretKeySelector.name',
  'SecretProjection.name',
  'SecretVolumeSource.secretName',
  'PodDisruptionBudget.spec',
  'Service.spec',
])
