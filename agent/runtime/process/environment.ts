/** Names that sh can set: identifiers (Kubernetes allows `my.var` too) that no bash named `sh` holds read-only. */
const exportable = /^(?!(?:UID|EUID|PPID|SHELLOPTS|BASHOPTS|BASH_VERSINFO)$)[A-Za-z_][A-Za-z0-9_]*$/

/** A container's environment as the shim's last step takes it. */
export interface EnvironmentFile {
  /** Statements of sh: one `export` a variable. */
  readonly text: string
  /** `NAME=value` of the names that sh cannot export: env(1) sets them. */
  readonly odd: readonly string[]
}

export function environmentFile(env: Readonly<Record<string, string>>): EnvironmentFile {
  const names = Object.keys(env).sort()
  return {
    text: names
      .filter(name => exportable.test(name))
      .map(name => `export ${name}=${quote(env[name] ?? '')}\n`)
      .join(''),
    odd: names.filter(name => !exportable.test(name)).map(name => `${name}=${env[name] ?? ''}`),
  }
}

/** One word of sh that stands for exactly this text: within single quotes nothing but the quote itself is special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
