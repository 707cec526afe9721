import { RemoteFailure } from './failure.ts'

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ssh:': '22' }

/** `ghcr.io`, `charts.example.com:8443`: the host of a URL or of git's `user@host:path`, with any port but the usual one. */
export function hostOf(address: string): string {
  const short = /^[\w.-]+@([^/:]+):/.exec(address)?.[1]
  if (short !== undefined) return short.toLowerCase()
  const { protocol, hostname, port } = new URL(address)
  return `${hostname.toLowerCase()}${port === '' || port === defaultPorts[protocol] ? '' : `:${port}`}`
}

/**
 * Hosts are named one by one, so that nothing on a private network is asked that nobody named: a name that an outsider lets
 * point to an address inside fails at its certificate, and what goes without TLS stays on this machine.
 */
export function expectAllowed(address: string, hosts: readonly string[]): void {
  const host = hostOf(address)
  if (hosts.some(each => each.replace(/:443$/, '') === host)) return
  const named = hosts.length === 0 ? 'names none' : `names ${hosts.join(', ')}`
  throw new RemoteFailure(
    'HostNotAllowed',
    `${host} is not among the hosts that gantry.yaml allows: spec.remotes.hosts ${named}`,
    `where ${host} is to be trusted, write in gantry.yaml: spec: {remotes: {hosts: [${[...hosts, host].join(', ')}]}}`,
  )
}
