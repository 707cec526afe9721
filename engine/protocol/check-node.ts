import { conform } from '../api/conform.ts'
import { Report } from '../api/report.ts'
import type { Node } from '../api/types.ts'
import type { NodeReport } from './session.ts'

/**
 * A node's report as a Node of Kubernetes may hold it. An agent may be anybody who has got hold of its certificate, and
 * what it says goes into the cluster's state and its record. Throws TypeError that names the field.
 */
export function checkedNode({ name, labels, taints, status }: NodeReport): NodeReport {
  const said = { metadata: { name, labels }, spec: { taints }, status }
  const report = new Report({ value: said, locate: () => ({ file: '', line: 0, column: 0 }) })
  const { value, whole } = conform(said, { kind: 'model', name: 'V1Node' }, { report, hideValues: true })
  const [problem] = report.problems
  if (problem !== undefined || !whole) throw new TypeError(`the agent's node: ${problem?.message ?? 'is not whole'}`)
  const node = value as Pick<Node, 'metadata' | 'spec' | 'status'>
  return { name, labels: node.metadata.labels ?? {}, taints: node.spec.taints ?? [], status: node.status ?? {} }
}
