import type { ConfigMap, Secret } from '../../api/types.ts'
import type { ClusterObject } from '../../api/cluster-object.ts'
import { ageColumn, count, nameColumn, printer, text } from './printer.ts'

export const configMapPrinter = printer<ConfigMap>([
  nameColumn,
  { ...count('Data', ({ data, binaryData }) => size(data) + size(binaryData)), type: 'string' },
  ageColumn,
])

export const secretPrinter = printer<Secret>([
  nameColumn,
  text('Type', secret => secret.type),
  { ...count('Data', ({ data }) => size(data)), type: 'string' },
  ageColumn,
])

export const clusterPrinter = printer<ClusterObject>([
  nameColumn,
  text('Commit', cluster => cluster.status.revision?.commit.slice(0, 7)),
  text('Health', cluster => cluster.status.health),
  text('Refused', cluster => cluster.status.refused?.revision.commit.slice(0, 7)),
  ageColumn,
])

function size(data: object | undefined): number {
  return Object.keys(data ?? {}).length
}
