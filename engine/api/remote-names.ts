import { isDnsSubdomain, isIPv4, isIPv6 } from './names.ts'

/** `ghcr.io`, `charts.example.com:8443`, `10.0.0.5:5000`, `[fd00::5]`: what a connection goes to. */
export function isHost(text: string): boolean {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false
  return host.startsWith('[') ? isIPv6(host.slice(1, -1)) : isDnsSubdomain(host)
}

/** Without its port. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

/** Only what never leaves this machine may go without TLS. */
export function isFetchUrl(text: string): boolean {
  const [, scheme, host = ''] = /^(https?):\/\/([^/?#@\s]+)(?:\/[^\s#]*)?$/.exec(text) ?? []
  if (!isHost(host)) return false
  return scheme === 'https' || (scheme === 'http' && isLoopback(host.replace(/:\d+$/, '')))
}

export function isRepositoryUrl(text: string): boolean {
  return isFetchUrl(text) && !text.includes('?')
}

/** The grammar of names in registries: https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export function isOciReference(text: string): boolean {
  const [, host = '', name = ''] = /^oci:\/\/([^/]+)\/(.+)$/.exec(text) ?? []
  const part = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
  return isHost(host) && name.length <= 255 && name.split('/').every(each => part.test(each))
}
