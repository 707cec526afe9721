/** `.sops.yaml`: how, and for whom, the files of a repository are encrypted. */
import { compose } from '../compose.ts'
import { readYaml } from '../nodes.ts'
import { Unreadable } from '../source-text.ts'
import { isFields, selectionOf, textOf } from './metadata.ts'
import { regExpTest, selectorOf, type Selection } from './selection.ts'

export interface CreationRule {
  readonly recipients: readonly string[]
  /** Undefined where the rule says nothing of it. */
  readonly selection: Selection | undefined
  readonly macOnlyEncrypted: boolean
}

export const creationRulesFile = '.sops.yaml'

type Fields = Readonly<Record<string, unknown>>

/** What says for whom, beside age: Gantry encrypts for none of these. */
const otherKeys = ['pgp', 'kms', 'gcp_kms', 'hckms', 'azure_keyvault', 'hc_vault_transit_uri', 'plugins']

/** The first rule that fits a path, which is relative to the folder of the rules; undefined where none does. */
export function creationRule(text: string, path: string): CreationRule | undefined {
  const [document] = readYaml(text)
  const value = document === undefined ? undefined : compose(document).value
  const rules =
    isFields(value) && Array.isArray(value['creation_rules']) ? value['creation_rules'].filter(isFields) : []
  const rule = rules.find(each => {
    const pattern = textOf(each, 'path_regex')
    return pattern === '' || regExpTest(pattern, 'path_regex')(path)
  })
  return rule === undefined ? undefined : readRule(rule)
}

function readRule(rule: Fields): CreationRule {
  const groups = Array.isArray(rule['key_groups']) ? rule['key_groups'].filter(isFields) : []
  if (groups.length > 1) throw new Unreadable('the rule has several key_groups, which Gantry does not support')
  const keys = groups[0] ?? rule
  const others = otherKeys.filter(name => keys[name] !== undefined)
  if (others.length > 0) {
    throw new Unreadable(`the rule names keys of ${others.join(' and ')}, for which Gantry does not encrypt`, {
      remedy: 'write a rule for age alone, or name the recipients with --age',
    })
  }
  const { age } = keys
  const selection = selectionOf(rule)
  selectorOf(selection)
  return {
    recipients: Array.isArray(age) ? age.map(String) : recipientsOf(typeof age === 'string' ? age : ''),
    selection: textOf(rule, selection.rule) === '' ? undefined : selection,
    macOnlyEncrypted: rule['mac_only_encrypted'] === true,
  }
}

/** Recipients are separated by commas. */
export function recipientsOf(text: string): string[] {
  return text
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '')
}
