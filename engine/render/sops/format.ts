/** How a file's values are written; `binary` is one value for the whole file. */
export type Format = 'yaml' | 'json' | 'dotenv' | 'binary'
export const formats: readonly Format[] = ['yaml', 'json', 'dotenv', 'binary']

/** By the file's name, as SOPS has it. */
export function formatOf(path: string): Format {
  if (/\.ya?ml$/.test(path)) return 'yaml'
  if (path.endsWith('.json')) return 'json'
  return path.endsWith('.env') ? 'dotenv' : 'binary'
}
