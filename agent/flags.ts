/** The labels and taints that a node is given by flags, as `kubectl label` and `kubectl taint` write them. */
import { isLabelValue, isQualifiedName } from '../engine/api/names.ts'
import { mayLabelItself } from '../engine/api/node-labels.ts'
import type { Labels, Taint } from '../engine/api/types.ts'

const effects: ReadonlySet<string> = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])

/** `zone=a` … @throws Error that quotes the flag */
export function parseLabels(flags: readonly string[]): Labels {
  return Object.fromEntries(
    flags.map(flag => {
      const [key = '', value, ...more] = flag.split('=')
      if (!mayLabelItself(key)) {
        const remedy = `write it in the manifest of the Node, in the branch`
        throw new Error(`--label cannot be ${JSON.stringify(flag)}: no node says that of itself; ${remedy}`)
      }
      if (isQualifiedName(key) && value !== undefined && isLabelValue(value) && more.length === 0) return [key, value]
      throw new Error(`--label must be a label, not ${JSON.stringify(flag)}; write --label zone=a`)
    }),
  )
}

/** `gpu=yes:NoSchedule`, `gpu:NoSchedule` … @throws Error that quotes the flag */
export function parseTaints(flags: readonly string[]): readonly Taint[] {
  return flags.map(flag => {
    const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(flag) ?? []
    if (isQualifiedName(key) && isLabelValue(value ?? '') && effects.has(effect)) {
      return { key, ...(value === undefined ? {} : { value }), effect: effect as Taint['effect'] }
    }
    throw new Error(`--taint must be a taint, not ${JSON.stringify(flag)}; write --taint gpu=yes:NoSchedule`)
  })
}
