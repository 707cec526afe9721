import type { CoreKind, Kinds, KubeObject } from '../api/types.ts'
import type { KindKey } from '../api/reference.ts'
import { clusterKind } from '../api/cluster-object.ts'
import { clusterPrinter, configMapPrinter, secretPrinter } from './columns/configuration.ts'
import { disruptionBudgetPrinter } from './columns/disruption.ts'
import { eventPrinter } from './columns/event.ts'
import { namespacePrinter, nodePrinter } from './columns/node.ts'
import { podPrinter } from './columns/pod.ts'
import type { Cell, Column, Printer } from './columns/printer.ts'
import { ageColumn, nameColumn, printer } from './columns/printer.ts'
import { releasePrinter } from './columns/release.ts'
import { endpointSlicePrinter, servicePrinter } from './columns/service.ts'
import { deploymentPrinter, jobPrinter, replicaSetPrinter } from './columns/workload.ts'
import type { IncludeObject } from './representation.ts'
import { partialMetadata } from './representation.ts'

/** Objects as rows of text, the shape in which kubectl asks for what it prints. */
export interface TableRow {
  readonly cells: readonly Cell[]
  readonly object?: object
}

const corePrinters: { readonly [K in CoreKind]: Printer<Kinds[K]> } = {
  ConfigMap: configMapPrinter,
  Deployment: deploymentPrinter,
  EndpointSlice: endpointSlicePrinter,
  Event: eventPrinter,
  Job: jobPrinter,
  Namespace: namespacePrinter,
  Node: nodePrinter,
  Pod: podPrinter,
  PodDisruptionBudget: disruptionBudgetPrinter,
  Release: releasePrinter,
  ReplicaSet: replicaSetPrinter,
  Secret: secretPrinter,
  Service: servicePrinter,
}

const plainPrinter = printer<KubeObject>([nameColumn, ageColumn])
const printers: ReadonlyMap<KindKey, Printer<never>> = new Map<KindKey, Printer<never>>([
  ...Object.entries(corePrinters),
  [clusterKind, clusterPrinter],
])

function printerOf(kind: KindKey): Printer<never> {
  return printers.get(kind) ?? plainPrinter
}

export function tableColumns(kind: KindKey): readonly Column[] {
  return printerOf(kind).columns
}

export function tableRow(
  object: KubeObject,
  options: { kind: KindKey; now: number; version: string; include: IncludeObject },
): TableRow {
  // A kind's printer is only ever given objects of that kind.
  const cells = printerOf(options.kind).cells(object as never, options.now)
  if (options.include === 'None') return { cells }
  return { cells, object: options.include === 'Object' ? object : partialMetadata(object, options.version) }
}

export function table(
  rows: readonly TableRow[],
  options: { version: string; metadata: object; columns: readonly Column[] },
): object {
  const { version, metadata, columns } = options
  return { kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions: columns, rows }
}
