import type { Release } from '../../api/types.ts'
import { ageColumn, nameColumn, printer, text, wide } from './printer.ts'

export const releasePrinter = printer<Release>([
  nameColumn,
  text('Chart', ({ spec: { chart } }) => {
    if ('path' in chart) return chart.path
    return 'oci' in chart ? chart.oci : chart.name
  }),
  text('Version', ({ spec: { chart } }) => ('version' in chart ? chart.version : undefined)),
  text('Status', ({ status }) => status?.phase),
  text('Namespace', ({ spec }) => spec.targetNamespace),
  wide(text('Repository', ({ spec: { chart } }) => ('repository' in chart ? chart.repository : undefined))),
  ageColumn,
])
