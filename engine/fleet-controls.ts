/** What the `gantry` command asks of tokens, CAs and the nodes' certificates. */
import { toTime } from './api/time.ts'
import type { NodeName } from './api/types.ts'
import type { Authority } from './fleet/authority.ts'
import { RotationOnItsWay } from './fleet/trust.ts'
import type { Trust } from './fleet/trust.ts'
import type { Nodes } from './nodes.ts'
import { Refused } from './server/controls.ts'
import type { AuthorityEntry, FleetControls } from './server/fleet-api.ts'

export interface FleetOptions {
  readonly trust: Trust
  readonly nodes: Nodes
  /** This machine's, where it is a node. */
  readonly ownNode: NodeName | undefined
  isNode(node: NodeName): boolean
}

export function createFleetControls({ trust, nodes, ownNode, isNode }: FleetOptions): FleetControls {
  function entry({ pin, madeAt }: Authority, index: number): AuthorityEntry {
    const goesAt = index === 0 ? trust.rotationEndsAt : undefined
    return {
      hash: `sha256:${pin}`,
      createdAt: toTime(madeAt),
      signs: pin === trust.signing.pin,
      ...(goesAt === undefined ? {} : { goesAt: toTime(goesAt) }),
    }
  }

  return {
    async createToken(request) {
      if (nodes.gate === undefined) {
        const remedy = 'start it with --agents-listen 0.0.0.0:7421'
        throw new Refused('no machine can join: this Gantry does not listen for agents', remedy)
      }
      const pins = trust.authorities.map(({ pin }) => pin)
      return { token: await nodes.tokens.create(request, { now: Date.now(), pins }) }
    },
    tokens: () =>
      nodes.tokens.list(Date.now()).map(({ id, node, uses, used, createdAt, expiresAt }) => ({
        id,
        ...(node === undefined ? {} : { node }),
        uses,
        usedBy: used.map(use => use.node),
        createdAt: toTime(createdAt),
        expiresAt: toTime(expiresAt),
      })),
    revokeToken: id => nodes.tokens.revoke(id),
    authorities: () => trust.authorities.map(entry),
    async rotateAuthority() {
      try {
        await trust.rotate()
      } catch (error) {
        if (error instanceof RotationOnItsWay) throw new Refused(error.message, error.remedy)
        throw error
      }
      return trust.authorities.map(entry)
    },
    async revokeNode(node) {
      if (node === ownNode) throw new Refused(`node ${node} is the engine's own machine`, 'stop gantry up there')
      if (!isNode(node)) throw new Refused(`there is no node ${node}`, 'gantry get nodes lists them')
      await nodes.revoke(node)
    },
  }
}
