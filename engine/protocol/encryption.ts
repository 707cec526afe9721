/** How nodes tell each other with which keys packets between them are encrypted. */
import type { ClusterSettings } from '../api/settings.ts'
import type { Condition, KubeObject } from '../api/types.ts'

/** Set by an agent on its Node: whether the machine has WireGuard, and its public key where it has. */
export const wireguardCondition = 'gantry.dev/WireGuard'

export function wireguardConditionOf(has: { readonly publicKey: string } | { readonly refused: string }): Condition {
  return 'refused' in has
    ? { type: wireguardCondition, status: 'False', reason: 'NotAvailable', message: has.refused }
    : { type: wireguardCondition, status: 'True', reason: 'PublicKey', message: has.publicKey }
}

/** Of the Cluster object what a node needs to join its pods with those of the others. */
export interface ClusterNetwork extends KubeObject {
  readonly spec: Pick<ClusterSettings['spec'], 'network'>
}

/** 32 bytes in base64. */
const publicKey = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

/** The public key that a node told; undefined where it told none, or what is none. */
export function wireguardKeyOf(conditions: readonly Condition[] | undefined): string | undefined {
  const told = conditions?.find(({ type, status }) => type === wireguardCondition && status === 'True')?.message
  return told !== undefined && publicKey.test(told) ? told : undefined
}
