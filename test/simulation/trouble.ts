import type { Branch } from './branch.ts'
import type { EngineProcess } from './engine-process.ts'
import type { FakeAgent } from './fake-agent.ts'
import { randomMachine } from './machines.ts'
import type { Network } from './network.ts'
import type { World } from './world.ts'

export interface Struck {
  readonly world: World
  readonly engine: EngineProcess
  readonly network: Network
  readonly branch: Branch
}

interface Strike {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  readonly run: (struck: Struck, agent: FakeAgent) => void
}

/** What people do and what goes wrong. */
const strikes: readonly Strike[] = [
  { name: 'push', weight: 6, run: ({ branch }) => branch.push() },
  { name: 'push of what is invalid', weight: 1, run: ({ branch }) => branch.pushInvalid() },
  { name: 'push of nothing', weight: 1, run: ({ branch }) => branch.pushEmpty() },
  { name: 'rewritten branch', weight: 1, run: ({ branch }) => branch.rewrite() },
  { name: 'unreachable source', weight: 1, run: ({ branch }) => branch.unreachable() },
  { name: 'engine crashes', weight: 2, run: ({ engine }) => engine.crash() },
  { name: 'disk full', weight: 1, run: ({ engine }) => engine.disk.fill() },
  { name: 'agent killed', weight: 2, run: (struck, agent) => killAgent(struck, agent, { silently: false }) },
  { name: 'power off', weight: 2, run: powerOff },
  { name: 'new machine', weight: 1, run: replaceMachine },
  { name: 'session lost', weight: 2, run: ({ network }, agent) => network.drop(agent) },
  { name: 'line cut', weight: 3, run: cutLine },
  { name: 'proxy stuck', weight: 1, run: (_, agent) => agent.proxy.stick() },
  { name: 'readiness', weight: 4, run: (_, agent) => agent.flip() },
  { name: 'failed pod', weight: 1, run: (_, agent) => agent.fail() },
]
const lots = strikes.flatMap(strike => Array<Strike>(strike.weight).fill(strike))

export function strike(struck: Struck, agents: readonly FakeAgent[]): void {
  const { random } = struck.world
  const agent = random.pick(agents)
  const drawn = random.pick(lots)
  if (!agent || !drawn) return
  struck.world.log(() => `strikes: ${drawn.name} ${agent.name}`)
  drawn.run(struck, agent)
}

function killAgent(struck: Struck, agent: FakeAgent, { silently }: { readonly silently: boolean }): void {
  if (!agent.alive) return
  const { world, network } = struck
  agent.kill()
  network.lose(agent, { silently })
  world.soon(500, world.random.chance(0.3) ? 70_000 : 6_000, () => startAgent(struck, agent))
}

function startAgent({ network }: Struck, agent: FakeAgent): void {
  if (agent.alive) return
  agent.start()
  network.dial(agent)
}

/** Nothing says that the machine is gone. */
function powerOff(struck: Struck, agent: FakeAgent): void {
  killAgent(struck, agent, { silently: true })
  agent.reboot()
}

function replaceMachine(struck: Struck, agent: FakeAgent): void {
  powerOff(struck, agent)
  agent.wipe()
  agent.machine = randomMachine(struck.world.random)
}

/** Often for longer than pods bear it: they are replaced, and their node comes back with them. */
function cutLine({ world, network }: Struck, agent: FakeAgent): void {
  const cut = network.cut(agent)
  world.soon(1_000, world.random.chance(0.5) ? 8_000 : 60_000, () => network.mend(agent, cut))
}
