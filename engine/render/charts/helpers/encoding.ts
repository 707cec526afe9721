import { createHash } from 'node:crypto'
import { canonicalJson } from '../../../api/stable.ts'
import { compose } from '../../compose.ts'
import { writeKubectlYaml } from '../../kubectl-yaml.ts'
import { readYaml } from '../../nodes.ts'
import { Unreadable } from '../../source-text.ts'
import { HelperFailure, helper, type Helper } from './helper.ts'

const hashed = (algorithm: string): Helper =>
  helper({ takes: ['text'] }, ([text]) => createHash(algorithm).update(text).digest('hex'))

/** Values as text and back. */
export const encodingHelpers: Readonly<Record<string, Helper>> = {
  toYaml: helper({ takes: ['any'] }, ([value]) => writeKubectlYaml(value ?? null).trimEnd()),
  fromYaml: helper({ takes: ['text'] }, ([text]) => parsed(text) ?? {}),
  fromYamlArray: helper({ takes: ['text'] }, ([text]) => parsed(text) ?? []),
  toJson: helper({ takes: ['any'] }, ([value]) => canonicalJson(value ?? null)),
  toPrettyJson: helper({ takes: ['any'] }, ([value]) =>
    JSON.stringify(JSON.parse(canonicalJson(value ?? null)), undefined, 2),
  ),
  fromJson: helper({ takes: ['text'] }, ([text]) => parsedJson(text)),
  fromJsonArray: helper({ takes: ['text'] }, ([text]) => parsedJson(text)),
  b64enc: helper({ takes: ['text'] }, ([text]) => Buffer.from(text).toString('base64')),
  b64dec: helper({ takes: ['text'] }, ([text]) => decoded(text)),
  sha256sum: hashed('sha256'),
  sha1sum: hashed('sha1'),
  urlquery: helper({ takes: ['text'] }, ([text]) =>
    encodeURIComponent(Buffer.from(text).toString()).replaceAll('%20', '+'),
  ),
}

function parsed(text: string): unknown {
  try {
    const [document] = readYaml(text)
    if (document === undefined) return null
    const { value, findings } = compose(document)
    const mistake = findings.find(({ severity }) => severity === 'error')
    if (mistake !== undefined) throw new Unreadable(mistake.message)
    return value
  } catch (error) {
    if (error instanceof Unreadable) throw new HelperFailure('was given text that is not valid YAML')
    throw error
  }
}

/** JSON.parse makes a field of `__proto__`, as it should be. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new HelperFailure('was given text that is not valid JSON')
  }
}

function decoded(text: string): string {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/\s|=+$/g, '')) {
    throw new HelperFailure('was given text that is not base64')
  }
  return bytes.toString()
}
