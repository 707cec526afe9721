/** What a pod's `resolv.conf` holds, its names, and its lines of `/etc/hosts`. */
import type { Pod, PodDNSConfig } from '../../engine/api/types.ts'

export type ResolvConf = Required<PodDNSConfig>

export interface DnsFacts {
  /** Where the node's DNS listens. */
  readonly dnsAddress: string | undefined
  readonly clusterDomain: string
  /** The machine's own resolv.conf. */
  readonly host: ResolvConf
}

/** Undefined: the machine's own file will do. */
export function podDns({ spec, metadata }: Pod, { dnsAddress, clusterDomain, host }: DnsFacts): ResolvConf | undefined {
  const asksCluster =
    spec.dnsPolicy === 'ClusterFirstWithHostNet' || (spec.dnsPolicy === 'ClusterFirst' && !spec.hostNetwork)
  if (spec.dnsPolicy === 'None') return withConfig({ nameservers: [], searches: [], options: [] }, spec.dnsConfig)
  if (asksCluster && dnsAddress !== undefined) {
    const service = `svc.${clusterDomain}`
    const searches = [`${metadata.namespace ?? ''}.${service}`, service, clusterDomain, ...host.searches]
    return withConfig({ nameservers: [dnsAddress], searches, options: [{ name: 'ndots', value: '5' }] }, spec.dnsConfig)
  }
  return spec.dnsConfig && withConfig(host, spec.dnsConfig)
}

/** Whether a pod asks for the cluster's DNS where there is none. */
export function lacksClusterDns({ spec }: Pod, dnsAddress: string | undefined): boolean {
  return (
    dnsAddress === undefined &&
    (spec.dnsPolicy === 'ClusterFirst' ? !spec.hostNetwork : spec.dnsPolicy === 'ClusterFirstWithHostNet')
  )
}

/** Lists are added to; an option of the same name is replaced. Duplicates count once. */
function withConfig(base: ResolvConf, config: PodDNSConfig | undefined): ResolvConf {
  const own = config?.options ?? []
  const names = new Set(own.map(option => option.name))
  return {
    nameservers: unique([...base.nameservers, ...(config?.nameservers ?? [])]),
    searches: unique([...base.searches, ...(config?.searches ?? [])]),
    options: [...base.options.filter(option => !names.has(option.name)), ...own],
  }
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)]
}

export function parseResolvConf(text: string): ResolvConf {
  const lines = text.split('\n').map(line => line.trim().split(/\s+/))
  const wordsOf = (keyword: string) => lines.filter(([first]) => first === keyword).map(([, ...rest]) => rest)
  return {
    nameservers: wordsOf('nameserver').flatMap(words => words.slice(0, 1)),
    // The last line wins, as the resolver reads it.
    searches: wordsOf('search').at(-1) ?? [],
    options: wordsOf('options')
      .flat()
      .map(word => {
        const [name = '', value] = word.split(':')
        return value === undefined ? { name } : { name, value }
      }),
  }
}

/** A host name holds 63 characters at most. */
export function hostnameOf({ spec, metadata }: Pod): string {
  return (spec.hostname ?? metadata.name).slice(0, 63).replace(/[-.]+$/, '')
}

/** The pod's own full name, where a subdomain gives it one, then what the spec adds. */
export function hostAliasesOf(pod: Pod, { ip, clusterDomain }: { ip: string | undefined; clusterDomain: string }) {
  const { subdomain, hostAliases = [] } = pod.spec
  const hostname = hostnameOf(pod)
  const own =
    subdomain === undefined || ip === undefined
      ? []
      : [{ ip, hostnames: [`${hostname}.${subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}`, hostname] }]
  return [...own, ...hostAliases.map(alias => ({ ip: alias.ip, hostnames: alias.hostnames ?? [] }))]
}
