import type { ConfigMap, Secret } from '../types.ts'
import { type At } from './rule.ts'

/** Kubernetes's limit for the values of one ConfigMap or Secret. */
const mostBytes = 1_048_576

export function checkConfigMap({ data = {}, binaryData = {} }: ConfigMap, at: At): void {
  for (const key of Object.keys(binaryData)) {
    if (Object.hasOwn(data, key))
      at.report.error([...at.path, 'binaryData', key], 'must not stand under data too', { target: 'key' })
  }
  const encoder = new TextEncoder()
  const textBytes = Object.values(data).reduce((sum, text) => sum + encoder.encode(text).length, 0)
  checkSize(textBytes + decodedBytes(binaryData), { at, field: 'data' })
}

/** The keys that a type promises to those who mount it. */
const promisedKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export function checkSecret({ type, data = {} }: Secret, at: At): void {
  for (const key of promisedKeys[type] ?? []) {
    if (!Object.hasOwn(data, key)) at.report.error([...at.path, 'data', key], `is required in a Secret of type ${type}`)
  }
  if (type === 'kubernetes.io/service-account-token') {
    at.report.warn([...at.path, 'type'], `is ${type}, and Gantry writes no token into it`)
  }
  checkSize(decodedBytes(data), { at, field: 'data' })
}

function checkSize(bytes: number, { at, field }: { at: At; field: string }): void {
  if (bytes > mostBytes) at.report.error([...at.path, field], `must hold no more than ${mostBytes} bytes, not ${bytes}`)
}

function decodedBytes(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, text) => sum + Math.floor((text.length * 3) / 4), 0)
}
