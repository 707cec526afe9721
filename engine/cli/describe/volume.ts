import type { PodSpec, Toleration, Volume } from '../../api/types.ts'
import { listLines, pairLines } from './block.ts'

export function volumeLines(volumes: readonly Volume[] | undefined, space: '' | '  '): string[] {
  if (volumes === undefined || volumes.length === 0) return [`${space}Volumes:\t<none>`]
  const nameIndent = space === '' ? '  ' : '   '
  return [
    `${space}Volumes:`,
    ...volumes.flatMap(volume => [`${nameIndent}${volume.name}:`, ...sourceLines(volume).map(line => `    ${line}`)]),
  ]
}

function sourceLines({ configMap, secret, emptyDir, hostPath, downwardAPI, projected }: Volume): string[] {
  if (configMap !== undefined) {
    const { name, optional = false } = configMap
    return ['Type:\tConfigMap (a volume populated by a ConfigMap)', `Name:\t${name}`, `Optional:\t${optional}`]
  }
  if (secret !== undefined) {
    const { secretName, optional = false } = secret
    return ['Type:\tSecret (a volume populated by a Secret)', `SecretName:\t${secretName}`, `Optional:\t${optional}`]
  }
  if (emptyDir !== undefined) {
    const { medium = '', sizeLimit = '<unset>' } = emptyDir
    return [
      "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
      `Medium:\t${medium}`,
      `SizeLimit:\t${sizeLimit}`,
    ]
  }
  if (hostPath !== undefined) {
    const { path, type } = hostPath
    return ['Type:\tHostPath (bare host directory volume)', `Path:\t${path}`, `HostPathType:\t${type}`]
  }
  if (downwardAPI !== undefined) {
    const items = (downwardAPI.items ?? []).flatMap(({ path, fieldRef }) =>
      fieldRef === undefined ? [] : [`  ${fieldRef.fieldPath} -> ${path}`],
    )
    return ['Type:\tDownwardAPI (a volume populated by information about the pod)', 'Items:', ...items]
  }
  if (projected !== undefined) {
    return ['Type:\tProjected (a volume that contains injected data from multiple sources)']
  }
  return ['<unknown>']
}

export function placementLines({ nodeSelector, tolerations }: PodSpec, space: '' | '  '): string[] {
  const byKey = [...(tolerations ?? [])].sort(({ key: a = '' }, { key: b = '' }) => (a < b ? -1 : a > b ? 1 : 0))
  return [
    ...pairLines(`${space}Node-Selectors:`, nodeSelector, '='),
    ...listLines(`${space}Tolerations:`, byKey.map(tolerationText)),
  ]
}

/** `key=value:NoExecute op=Exists for 30s`. */
function tolerationText({ key = '', value = '', effect, operator, tolerationSeconds }: Toleration): string {
  const what = `${key}${value === '' ? '' : `=${value}`}${effect === undefined ? '' : `:${effect}`}`
  const how = operator === 'Exists' && value === '' ? 'op=Exists' : ''
  const howLong = tolerationSeconds === undefined ? '' : `for ${tolerationSeconds}s`
  return [what, how, howLong].filter(part => part !== '').join(' ')
}
