/** The syntax of names in Kubernetes (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/). */

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const labelPattern = new RegExp(`^${label}$`)
const subdomainPattern = new RegExp(`^${label}(?:\\.${label})*$`)
const qualifiedPattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** RFC 1123 label: namespaces, containers, volumes. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && labelPattern.test(text)
}

/** RFC 1123 subdomain: most objects. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && subdomainPattern.test(text)
}

/** RFC 1035 label: Services, whose names become DNS names and parts of variables. */
export function isServiceName(text: string): boolean {
  return isDnsLabel(text) && /^[a-z]/.test(text)
}

/** RFC 6335 service name: ports. */
export function isPortName(text: string): boolean {
  return text.length <= 15 && labelPattern.test(text) && /[a-z]/.test(text) && !text.includes('--')
}

/** The key of a label or an annotation: a name of 63 characters, perhaps behind a DNS prefix and a slash. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/')
  const [prefix, name] = parts.length === 2 ? parts : [undefined, text]
  if (parts.length > 2 || (prefix !== undefined && !isDnsSubdomain(prefix))) return false
  return name !== undefined && name.length <= 63 && qualifiedPattern.test(name)
}

export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && qualifiedPattern.test(text))
}

/** A key of a ConfigMap or a Secret, which becomes the name of a file. */
export function isConfigKey(text: string): boolean {
  return text.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(text) && text !== '.' && text !== '..' && !text.startsWith('..')
}

/** Since Kubernetes 1.34: any printable ASCII but `=`. */
export function isEnvName(text: string): boolean {
  return /^[ -<>-~]+$/.test(text)
}

export function isIPv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
}

/** IPv6 in the forms of RFC 4291, without a zone. */
export function isIPv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map(half => (half === '' ? [] : half.split(':')))
  const last = groups.flat().at(-1)
  const endsInIPv4 = last !== undefined && isIPv4(last)
  const hex = endsInIPv4 ? groups.flat().slice(0, -1) : groups.flat()
  const count = hex.length + (endsInIPv4 ? 2 : 0)
  return hex.every(group => /^[0-9a-fA-F]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8)
}

export function isIP(text: string): boolean {
  return isIPv4(text) || isIPv6(text)
}

/** Stays inside the folder it is joined to: neither absolute nor with a `..` part. */
export function isRelativePath(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').includes('..')
}
