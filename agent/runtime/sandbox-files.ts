/** The two files that every container of a pod gets from its sandbox, whatever the runtime. Pure. */
import type { SandboxSpec } from './runtime.ts'

/** As the kubelet writes it: loopback, the pod's own name, then `hostAliases`. */
export function hostsFile({ ip, hostname, hostAliases }: Pick<SandboxSpec, 'ip' | 'hostname' | 'hostAliases'>): string {
  return [
    '# Written by Gantry.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...(ip === undefined ? [] : [`${ip}\t${hostname}`]),
    ...hostAliases.map(alias => [alias.ip, ...alias.hostnames].join('\t')),
    '',
  ].join('\n')
}

/** resolv.conf(5), from the pod's DNS settings. */
export function resolvFile({ nameservers, searches, options }: NonNullable<SandboxSpec['dns']>): string {
  const words = options.flatMap(({ name, value }) =>
    name === undefined ? [] : [value === undefined ? name : `${name}:${value}`],
  )
  return [
    ...nameservers.map(address => `nameserver ${address}`),
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...(words.length > 0 ? [`options ${words.join(' ')}`] : []),
    '',
  ].join('\n')
}
