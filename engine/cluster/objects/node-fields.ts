import { desiredAnnotation, drainAnnotation, reportedAnnotation, sourceAnnotation } from '../../api/manifest.ts'
import { mayLabelItself } from '../../api/node-labels.ts'
import { isConditionTaint } from '../../api/node-taints.ts'
import { canonicalJson, equal } from '../../api/stable.ts'
import type { Labels, Node, Taint } from '../../api/types.ts'

/** What the branch, or an agent, says of a Node. */
export interface NodeWords {
  readonly labels?: Labels
  readonly annotations?: Labels
  readonly taints?: readonly Taint[]
  readonly unschedulable?: boolean
}

/** Both are kept beside the fields that are made of them, so that either can change, or fall silent, by itself. */
export interface NodeVoices {
  /** Undefined: the branch has no manifest of the Node. */
  readonly desired: NodeWords | undefined
  /** Undefined: no agent of this name was ever there. */
  readonly reported: NodeWords | undefined
}

type OwnedFields = Required<Pick<NodeWords, 'labels' | 'annotations' | 'taints' | 'unschedulable'>>

/**
 * Who owns what of a Node. Not here: `spec.podCIDR` is the cluster's, `status` the agent's, but for what follows from its
 * silence.
 */
const owners: { readonly [F in keyof OwnedFields]: (voices: NodeVoices, before: Node) => OwnedFields[F] } = {
  // The agent's, and the branch's, which win. An agent says nothing in Kubernetes's name but what the machine is.
  labels: ({ desired, reported }) => ({ ...ownLabels(reported?.labels), ...desired?.labels }),
  // The branch's; those that the cluster or an agent's helper wrote stay.
  annotations: ({ desired }, before) => ({ ...othersAnnotations(before), ...desired?.annotations }),
  // The agent's, and the branch's, which win where key and effect are the same; those of a condition are the cluster's.
  taints: ({ desired, reported }, before) => {
    const wanted = ownTaints(desired?.taints)
    const told = ownTaints(reported?.taints).filter(taint => !wanted.some(other => isSamePlace(taint, other)))
    const conditions = (before.spec.taints ?? []).filter(({ key }) => isConditionTaint(key))
    return [...[...told, ...wanted].map(taint => timed(taint, before)), ...conditions]
  },
  // The branch's alone; a node that is to be drained takes no pod either.
  unschedulable: ({ desired }) =>
    desired?.unschedulable === true || desired?.annotations?.[drainAnnotation] !== undefined,
}

/** The Node as both voices together have it. The same voices again change nothing. */
export function spokenNode(node: Node, voices: NodeVoices): Node {
  const { unschedulable: _, ...spec } = node.spec
  const { annotations: __, ...metadata } = node.metadata
  const unschedulable = owners.unschedulable(voices, node)
  return {
    ...node,
    metadata: {
      ...metadata,
      labels: owners.labels(voices, node),
      annotations: {
        ...owners.annotations(voices, node),
        ...(voices.desired === undefined ? {} : { [desiredAnnotation]: canonicalJson(voices.desired) }),
        ...(voices.reported === undefined ? {} : { [reportedAnnotation]: canonicalJson(voices.reported) }),
      },
    },
    spec: { ...spec, ...(unschedulable ? { unschedulable } : {}), taints: owners.taints(voices, node) },
  }
}

export function voicesOf({ metadata: { annotations = {} } }: Node): NodeVoices {
  return { desired: wordsIn(annotations[desiredAnnotation]), reported: wordsIn(annotations[reportedAnnotation]) }
}

/** What a manifest says, without what the cluster alone gives. */
export function wordsOf({ metadata, spec }: Node): NodeWords {
  const { [sourceAnnotation]: _, ...annotations } = metadata.annotations ?? {}
  return {
    ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(spec.taints === undefined ? {} : { taints: spec.taints.map(({ timeAdded: __, ...taint }) => taint) }),
    ...(spec.unschedulable === true ? { unschedulable: true } : {}),
  }
}

/** The cluster wrote it; nobody else may. */
function wordsIn(text: string | undefined): NodeWords | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as NodeWords)
}

function ownLabels(labels: Labels = {}): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => mayLabelItself(key)))
}

function ownTaints(taints: readonly Taint[] = []): readonly Taint[] {
  return taints.filter(({ key }) => !isConditionTaint(key))
}

function othersAnnotations(before: Node): Labels {
  const former = voicesOf(before).desired?.annotations ?? {}
  const { [desiredAnnotation]: _, [reportedAnnotation]: __, ...annotations } = before.metadata.annotations ?? {}
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !Object.hasOwn(former, key)))
}

/** A taint that was there keeps the time from which tolerationSeconds count. */
function timed(taint: Taint, before: Node): Taint {
  const { timeAdded: _, ...told } = taint
  const known = (before.spec.taints ?? []).find(({ timeAdded: __, ...other }) => equal(other, told))
  return known ?? told
}

function isSamePlace(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect
}
