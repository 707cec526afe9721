import { Finder } from '../api/finder.ts'
import type { Manifest } from '../api/manifest.ts'
import { once } from '../api/once.ts'
import { describeRef, refOf } from '../api/reference.ts'
import { type Hook, hookEvents, type HookEvent, hookOf, waveOf } from '../api/sequence.ts'
import { dependenciesOf, releaseKey } from '../api/set/releases.ts'
import { compareText } from '../api/stable.ts'
import { compareRefs } from './order.ts'

/** What is applied together, when all that is before it in its chain is well. */
export type Stage = WaveStage | HookStage | RemovalStage

interface WaveStage {
  readonly kind: 'wave'
  readonly chain: ChainName
  readonly wave: number
  readonly manifests: readonly Manifest[]
}
export interface HookStage {
  readonly kind: 'hook'
  readonly chain: ChainName
  readonly events: readonly HookEvent[]
  readonly hook: Hook
  readonly manifest: Manifest
}
/** What git no longer asks for goes last. */
interface RemovalStage {
  readonly kind: 'removal'
  readonly chain: ChainName
}

/** `shop/db`: a release; `''`: everything that belongs to none, but for the nodes. */
type ChainName = string

/** Stages that are gone through one after the other. Chains wait for each other only where one depends on another. */
export interface Chain {
  readonly name: ChainName
  readonly dependsOn: readonly ChainName[]
  readonly stages: readonly Stage[]
}

/** What a branch says of nodes waits for nothing: whoever drains one need not mend a migration first. */
export const nodesChain = 'nodes'

const before: readonly HookEvent[] = ['pre-install', 'pre-upgrade']

/** The chains of a commit, each after those that it depends on; what belongs to no release comes first. */
export const chainsOf = once((manifests: readonly Manifest[]): readonly Chain[] => {
  const members = new Map<ChainName, Manifest[]>([
    ['', []],
    [nodesChain, []],
  ])
  for (const manifest of manifests) {
    const name = chainNameOf(manifest)
    const known = members.get(name)
    if (known) known.push(manifest)
    else members.set(name, [manifest])
  }
  const chains = new Map([...members].map(([name, own]) => [name, chainOf(name, own)]))
  const ordered = new Set<Chain>()
  const seen = new Set<ChainName>()
  const visit = (name: ChainName) => {
    const chain = chains.get(name)
    if (!chain || seen.has(name)) return
    seen.add(name)
    for (const other of chain.dependsOn) visit(other)
    ordered.add(chain)
  }
  for (const name of [...chains.keys()].sort(compareText)) visit(name)
  return [...ordered]
})

function chainNameOf({ object, release }: Manifest): ChainName {
  if (object.kind === 'Node') return nodesChain
  return release ? releaseKey(release) : ''
}

/** The other chains are the nodes', and what belongs to no release. */
export function isRelease({ name }: Chain): boolean {
  return name !== '' && name !== nodesChain
}

/** Whether anything of a commit waits for anything else. */
export const isStaged = once((manifests: readonly Manifest[]): boolean => {
  // Mostly nothing does: that is told without any chain.
  if (extraordinary.in(manifests).size === 0) return false
  const isPlain = ({ kind }: Stage, place: number) => kind === 'removal' || (kind === 'wave' && place === 0)
  return chainsOf(manifests).some(({ dependsOn, stages }) => dependsOn.length > 0 || !stages.every(isPlain))
})

const extraordinary = new Finder<Manifest>(
  ({ object, release }) =>
    hookOf(object) !== undefined || waveOf(object) !== 0 || (release !== undefined && release.dependsOn.length > 0),
)

function chainOf(chain: ChainName, manifests: readonly Manifest[]): Chain {
  const hooks: HookStage[] = []
  const waves = new Map<number, Manifest[]>()
  for (const manifest of manifests) {
    const hook = hookOf(manifest.object)
    if (hook) hooks.push(...hookStages(hook, { chain, manifest }))
    else push(waves, manifest)
  }
  hooks.sort(byWeight)
  const isBefore = ({ events }: HookStage) => events.some(event => before.includes(event))
  const release = chain === nodesChain ? undefined : manifests[0]?.release
  return {
    name: chain,
    dependsOn: release ? dependenciesOf(release) : [],
    stages: [
      ...hooks.filter(isBefore),
      ...[...waves]
        .sort(([a], [b]) => a - b)
        .map(([wave, own]): Stage => ({ kind: 'wave', chain, wave, manifests: own })),
      ...hooks.filter(stage => !isBefore(stage)),
      { kind: 'removal', chain },
    ],
  }
}

/** One that is run both before and after stands in both places. */
function hookStages(hook: Hook, { chain, manifest }: { chain: ChainName; manifest: Manifest }): HookStage[] {
  const sides = [before, hookEvents.filter(event => !before.includes(event))]
  return sides.flatMap(side => {
    const events = hook.events.filter(event => side.includes(event))
    return events.length === 0 ? [] : [{ kind: 'hook', chain, events, hook, manifest }]
  })
}

function push(waves: Map<number, Manifest[]>, manifest: Manifest): void {
  const wave = waveOf(manifest.object)
  const known = waves.get(wave)
  if (known) known.push(manifest)
  else waves.set(wave, [manifest])
}

/** As in Helm: by weight; then what others need first, then by name. */
function byWeight(a: HookStage, b: HookStage): number {
  return a.hook.weight - b.hook.weight || compareRefs(refOf(a.manifest.object), refOf(b.manifest.object))
}

/** `wave 1`, `release shop/db wave 1`, `pre-upgrade hook Job shop/migrate`, `removal`. */
export function stageTitle(stage: Stage): string {
  const release = stage.chain === '' || stage.chain === nodesChain ? '' : `release ${stage.chain} `
  switch (stage.kind) {
    case 'wave':
      return stage.chain === nodesChain ? 'nodes' : `${release}wave ${stage.wave}`
    case 'hook':
      return stage.events.map(event => hookId(event, stage.manifest)).join(', ')
    case 'removal':
      return `${release}removal`
  }
}

/** `pre-upgrade hook Job shop/migrate`: how a run of a hook is known in the status of the cluster. */
export function hookId(event: HookEvent, { object }: Pick<Manifest, 'object'>): string {
  return `${event} hook ${describeRef(refOf(object))}`
}
