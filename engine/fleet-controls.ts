/** What the `gantry` command asks of tokens, CAs and the nodes' certificates. */
import { toTime } from './api/time.ts'
import { sourceAnnotation } from './api/manifest.ts'
import type { Node, NodeName } from './api/types.ts'
import type { Event } from './core/event.ts'
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
  node(name: NodeName): Node | undefined
  dispatch(event: Event): void
}

export function createFleetControls({ trust, nodes, ownNode, node: find, dispatch }: FleetOptions): FleetControls {
  function entry({ pin, madeAt }: Authority, index: number): AuthorityEntry {
    const goesAt = index === 0 ? trust.rotationEndsAt : undefined
    return {
      hash: `sha256:${pin}`,
      createdAt: toTime(madeAt),
      signs: pin === trust.signing.pin,
      ...(goesAt === undefined ? {} : { goesAt: toTime(goesAt) }),
    }
  }

  /** @throws Refused */
  function another(name: NodeName): Node {
    if (name === ownNode) throw new Refused(`node ${name} is the engine's own machine`, 'stop gantry up there')
    const node = find(name)
    if (node === undefined) throw new Refused(`there is no node ${name}`, 'gantry get nodes lists them')
    return node
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
      another(node)
      await nodes.revoke(node)
    },
    async removeNode(node) {
      const file = another(node).metadata.annotations?.[sourceAnnotation]
      if (file !== undefined) {
        throw new Refused(
          `the branch names node ${node}, in ${file}`,
          'take it out there: the node goes with that commit',
        )
      }
      if (nodes.frontDoor.connected.has(node)) {
        const remedy = `run gantry node drain ${node}, then gantry down on that machine`
        throw new Refused(`node ${node} is in session`, remedy)
      }
      // First: what comes back meanwhile is not let in, and removed nevertheless.
      await nodes.revoke(node)
      dispatch({ kind: 'removed', node })
    },
  }
}
