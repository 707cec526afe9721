/** What an agent may say of its node under Kubernetes's own names; the rest of them is the branch's to give. */
const allowed: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])

/**
 * Whether an agent may put this label on its node, as Kubernetes's NodeRestriction has it: pods are kept on trusted nodes
 * by labels such as `node-restriction.kubernetes.io/…`, which a node that was taken over must not be able to claim.
 */
export function mayLabelItself(key: string): boolean {
  if (allowed.has(key)) return true
  const prefix = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  if (prefix === 'node.kubernetes.io' || prefix === 'topology.gantry.dev') return true
  return !/(?:^|\.)(?:kubernetes\.io|k8s\.io|gantry\.dev)$/.test(prefix)
}
