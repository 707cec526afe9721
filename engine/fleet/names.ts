import { networkInterfaces } from 'node:os'

/** What an engine's certificate names: this machine's addresses, its name, and what else it is said to be reached by. */
export function serverNames(hostname: string, more: readonly string[]): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(({ address }) => address))
  const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
  const names = ['127.0.0.1', 'localhost', hostname, ...addresses, ...more].filter(name => !everywhere.has(name))
  return [...new Set(names.map(name => name.split('%', 1)[0] ?? name))]
}
