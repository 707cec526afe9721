/** The versions of the protocol that this Gantry speaks; one is added when a message changes its meaning. */
export interface ProtocolVersions {
  readonly oldest: number
  readonly newest: number
}

export const protocolVersions: ProtocolVersions = { oldest: 2, newest: 2 }

/** An agent and an engine that have no version in common. */
export class UnfitVersion extends Error {
  readonly remedy: string
  constructor(agent: ProtocolVersions, engine: ProtocolVersions) {
    super(`the agent speaks ${inWords(agent)} of the protocol, the engine ${inWords(engine)}`)
    this.name = 'UnfitVersion'
    this.remedy = `upgrade Gantry on the ${agent.newest < engine.oldest ? 'node' : "engine's machine"}`
  }
}

/** The newest version that both speak. @throws UnfitVersion */
export function agreedVersion(agent: ProtocolVersions, engine: ProtocolVersions): number {
  const version = Math.min(agent.newest, engine.newest)
  if (version < agent.oldest || version < engine.oldest) throw new UnfitVersion(agent, engine)
  return version
}

function inWords({ oldest, newest }: ProtocolVersions): string {
  return oldest === newest ? `version ${newest}` : `versions ${oldest} to ${newest}`
}
