/** Taints that follow from a node's state. The cluster alone sets and lifts them, whatever a manifest or an agent says. */
export const taintKeys = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  unschedulable: 'node.kubernetes.io/unschedulable',
  memoryPressure: 'node.kubernetes.io/memory-pressure',
  diskPressure: 'node.kubernetes.io/disk-pressure',
  pidPressure: 'node.kubernetes.io/pid-pressure',
  /** Admission is strict, and the branch no longer names the node. */
  notAdmitted: 'gantry.dev/not-admitted',
} as const

const conditionTaints: ReadonlySet<string> = new Set(Object.values(taintKeys))

export function isConditionTaint(key: string): boolean {
  return conditionTaints.has(key)
}
