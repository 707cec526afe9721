import { nearest } from '../../../api/nearest.ts'
import { chartHelpers } from './chart.ts'
import { fieldHelpers, listHelpers } from './collections.ts'
import { dateHelpers } from './dates.ts'
import { encodingHelpers } from './encoding.ts'
import { HelperFailure, type Helper } from './helper.ts'
import { logicHelpers } from './logic.ts'
import { numberHelpers } from './numbers.ts'
import { textHelpers } from './text.ts'

const helpers: ReadonlyMap<string, Helper> = new Map(
  Object.entries({
    ...chartHelpers,
    ...dateHelpers,
    ...encodingHelpers,
    ...fieldHelpers,
    ...listHelpers,
    ...logicHelpers,
    ...numberHelpers,
    ...textHelpers,
  }),
)

/** Helpers whose arguments may lead to nothing. */
export const lenient: ReadonlySet<string> = new Set([
  'default',
  'if',
  'unless',
  'hasKey',
  'coalesce',
  'empty',
  'get',
  'dig',
  'required',
])

/** Block helpers, which the evaluator knows itself. */
export const blocks: readonly string[] = ['if', 'unless', 'each', 'with']

const random =
  'randAlpha randAlphaNum randNumeric randAscii randBytes randInt shuffle uuidv4 genPrivateKey genCA genSelfSignedCert genSignedCert derivePassword bcrypt htpasswd encryptAES decryptAES'.split(
    ' ',
  )
const impure = {
  why: 'would give something else each time, and a render follows from the commit alone',
  remedy: 'commit it as a Secret',
}
const ofMachine = {
  why: 'reads the machine, and a render follows from the commit alone',
  remedy: 'give a value instead',
}
const changing = { why: 'would change a value that others read', remedy: 'write merge, pick or omit' }
const refused = new Map([
  ...random.map(name => [name, impure] as const),
  ...['env', 'expandenv', 'getHostByName'].map(name => [name, ofMachine] as const),
  ...['set', 'unset'].map(name => [name, changing] as const),
])

export function helperOf(name: string): Helper | undefined {
  return helpers.get(name.replace(/^@root\./, ''))
}

/** Why there is no such helper. */
export function noHelper(name: string): HelperFailure {
  const reason = refused.get(name)
  if (reason !== undefined) return new HelperFailure(`${name} ${reason.why}`, reason.remedy)
  if (blocks.includes(name)) return new HelperFailure(`${name} is a block`, `write {{#${name} …}}…{{/${name}}}`)
  const meant = nearest(name, helpers.keys())
  return new HelperFailure(
    `there is no helper ${name}`,
    meant === undefined ? 'charts/README.md lists the helpers' : `did you mean ${meant}?`,
  )
}
