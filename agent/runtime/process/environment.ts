/** Names that sh can set: identifiers (Kubernetes allows `my.var` too) that no bash named `sh` holds read-only. */
const exportable = /^(?!(?:UID|EUID|PPID|SHELLOPTS|BASHOPTS|BASH_VERSINFO)$)[A-Za-z_][A-Za-z0-9_]*$/

/**
 * A container's environment as statements of sh, for the shim's last step. What sh cannot export goes before the
 * program, for the env(1) that the step knows as `$env`: in nobody's arguments but those of that env, whose place the
 * program takes at once. Arguments are for every user's eyes, and a variable may hold a Secret.
 */
export function environmentFile(env: Readonly<Record<string, string>>): string {
  const names = Object.keys(env).sort()
  const odd = names.filter(name => !exportable.test(name)).map(name => quote(`${name}=${env[name] ?? ''}`))
  return [
    ...(odd.length > 0 ? [`set -- "$env" -- ${odd.join(' ')} "$@"\n`] : []),
    ...names.filter(name => exportable.test(name)).map(name => `export ${name}=${quote(env[name] ?? '')}\n`),
  ].join('')
}

/** One word of sh that stands for exactly this text: within single quotes nothing but the quote itself is special. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
