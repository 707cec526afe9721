/** One value in SOPS's notation: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:str]`. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Unreadable } from '../source-text.ts'
import type { SopsValue } from './value.ts'

type SealedType = SopsValue['type'] | 'comment'

export interface Lock {
  /** 32 bytes. */
  readonly dataKey: Uint8Array
  /** What the value is bound to: its path, or the time of the last change. */
  readonly boundTo: string
}

const notation = /^ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([^,\]]+)\]$/
const types: readonly string[] = ['str', 'int', 'float', 'bool', 'bytes', 'comment'] satisfies readonly SealedType[]
const ivBytes = 32
const tagBytes = 16

export function isSealed(text: string): boolean {
  return notation.test(text)
}

/** Throws Unreadable, which never says what a value is. */
export function openText(text: string, { dataKey, boundTo }: Lock): { type: SealedType; bytes: Uint8Array } {
  const [matched, data = '', iv = '', tag = '', type = ''] = notation.exec(text) ?? []
  if (matched === undefined || !isType(type)) {
    throw new Unreadable('the value is not encrypted, although the file says that it is', { remedy: changedRemedy })
  }
  try {
    const tagGiven = fromBase64(tag)
    if (tagGiven.length !== tagBytes) throw new Error('a tag of another length')
    const decipher = createDecipheriv('aes-256-gcm', dataKey, fromBase64(iv), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(boundTo)).setAuthTag(tagGiven)
    return { type, bytes: Buffer.concat([decipher.update(fromBase64(data)), decipher.final()]) }
  } catch {
    throw new Unreadable('the value cannot be decrypted: it, its type or its path was changed', {
      remedy: changedRemedy,
    })
  }
}

export const changedRemedy = 'restore the file as it was encrypted, and change it with gantry secret edit'

/** What is empty stays empty. */
export function sealBytes(
  { type, bytes }: { readonly type: SealedType; readonly bytes: Uint8Array },
  { dataKey, boundTo }: Lock,
): string {
  if (bytes.length === 0) return ''
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', dataKey, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(boundTo))
  const data = Buffer.concat([cipher.update(bytes), cipher.final()])
  const [text, nonce, tag] = [data, iv, cipher.getAuthTag()].map(part => part.toString('base64'))
  return `ENC[AES256_GCM,data:${text},iv:${nonce},tag:${tag},type:${type}]`
}

function isType(type: string): type is SealedType {
  return types.includes(type)
}

/** Only the one form that encoding gives: any other bit in the file is a change. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new Error('not base64')
  return bytes
}
