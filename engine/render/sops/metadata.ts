/** What a file says under `sops`: how it is encrypted, and for whom. */
import { Unreadable } from '../source-text.ts'
import { changedRemedy } from './cipher.ts'
import { commentRules, defaultSelection, selectionRules, type Selection } from './selection.ts'

export interface AgeStanza {
  readonly recipient: string
  /** The data key, encrypted for the recipient, in age's armor. */
  readonly enc: string
}

/** Whom a file is encrypted for: enough to ask for its data key. */
export interface Recipients {
  readonly age: readonly AgeStanza[]
  /** Keys that are not age's: `pgp FBC7…`. */
  readonly others: readonly string[]
}

export interface Metadata extends Recipients {
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
  /** As RFC 3339; the MAC is bound to it. */
  readonly lastmodified: string
  readonly mac: string
}

type Fields = Readonly<Record<string, unknown>>

/** The fields that name a key of another kind, and which of its own tells it from others. */
const otherKeys = {
  pgp: 'fp',
  kms: 'arn',
  gcp_kms: 'resource_id',
  azure_kv: 'vault_url',
  hc_vault: 'vault_address',
  hckms: 'key_id',
} as const

export function readMetadata(value: unknown): Metadata {
  if (!isFields(value)) throw new Unreadable('sops must be a mapping, as SOPS writes it', { remedy: changedRemedy })
  if (listOf(value, 'key_groups').length > 0 || Number(value['shamir_threshold'] ?? 0) > 1) {
    throw new Unreadable('the file needs keys of several groups (key_groups), which Gantry does not support', {
      remedy: 'encrypt it for one group of age recipients',
    })
  }
  const mac = textOf(value, 'mac')
  const lastmodified = timeOf(textOf(value, 'lastmodified'))
  if (mac === '' || lastmodified === undefined) {
    const missing = mac === '' ? 'mac' : 'lastmodified as a time'
    throw new Unreadable(`sops has no ${missing}: nothing says that the values are those that were encrypted`, {
      remedy: changedRemedy,
    })
  }
  return {
    age: listOf(value, 'age').map(stanza => ({ recipient: textOf(stanza, 'recipient'), enc: textOf(stanza, 'enc') })),
    others: Object.entries(otherKeys).flatMap(([kind, name]) =>
      listOf(value, kind).map(key => `${kind} ${textOf(key, name)}`),
    ),
    selection: selectionOf(value),
    macOnlyEncrypted: value['mac_only_encrypted'] === true || value['mac_only_encrypted'] === 'true',
    lastmodified,
    mac,
  }
}

/** In the order in which SOPS writes it. */
export function writeMetadata({ age, selection, macOnlyEncrypted, lastmodified, mac }: Metadata): Fields {
  return {
    age: age.map(({ recipient, enc }) => ({ recipient, enc })),
    lastmodified,
    mac,
    [selection.rule]: selection.pattern,
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    version: formatVersion,
  }
}

/** The release of SOPS whose format this is. */
const formatVersion = '3.9.4'

export function selectionOf(fields: Fields): Selection {
  const given = [...selectionRules, ...commentRules].flatMap(rule => {
    const pattern = textOf(fields, rule)
    return pattern === '' ? [] : [{ rule, pattern }]
  })
  if (given.length > 1) {
    throw new Unreadable(`${given.map(({ rule }) => rule).join(' and ')} cannot stand together`, {
      remedy: 'keep one of them',
    })
  }
  return given[0] ?? defaultSelection
}

/** As Go writes a time that it has read: without fractions of a second. */
function timeOf(text: string): string | undefined {
  const [matched, time = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[-+]\d\d:\d\d)$/.exec(text) ?? []
  if (matched === undefined) return undefined
  return `${time}${zone === '+00:00' ? 'Z' : zone}`
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(fields: Fields, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return typeof value === 'string' ? value : ''
}

function listOf(fields: Fields, name: string): Fields[] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return Array.isArray(value) ? value.filter(isFields) : []
}
