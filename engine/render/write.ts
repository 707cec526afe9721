import { DEFAULT_SCALAR_STYLE_RULES, SCALAR_STYLE, dump, type ScalarStyleRule } from 'js-yaml'
import { isPlainText } from './scalar.ts'

/** Quotes every text that kubectl's reader would take for something else, such as `-0o7`. */
const quoteForKubectl: ScalarStyleRule = layout => {
  const { node, style } = layout
  if (style !== SCALAR_STYLE.PLAIN || node.tag !== 'tag:yaml.org,2002:str' || isPlainText(node.value)) return
  layout.style = SCALAR_STYLE.DOUBLE_QUOTED
}

const scalarStyleRules = [...Object.values(DEFAULT_SCALAR_STYLE_RULES), quoteForKubectl]

/**
 * A JSON value as one YAML document that every reader of YAML 1.1 or 1.2 reads alike; `sorted` as kubectl writes it, keys
 * in the order of their names and lists without indentation.
 */
export function writeYaml(value: unknown, { sorted = false }: { readonly sorted?: boolean } = {}): string {
  return dump(value, {
    noRefs: true,
    lineWidth: -1,
    quoteStyle: 'double',
    scalarStyleRules,
    sortKeys: sorted,
    seqNoIndent: sorted,
  })
}
