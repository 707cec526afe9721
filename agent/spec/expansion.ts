/**
 * `$(NAME)` becomes the variable's value, `$$` a dollar sign; what names no variable stays as it is, and so does any
 * other dollar sign. Kubernetes's own rule (third_party/forked/golang/expansion).
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? whole),
  )
}
