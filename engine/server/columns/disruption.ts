import type { PodDisruptionBudget } from '../../api/types.ts'
import { ageColumn, count, nameColumn, printer, text } from './printer.ts'

export const disruptionBudgetPrinter = printer<PodDisruptionBudget>([
  nameColumn,
  text('Min Available', ({ spec }) => String(spec.minAvailable ?? 'N/A')),
  text('Max Unavailable', ({ spec }) => String(spec.maxUnavailable ?? 'N/A')),
  count('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0),
  ageColumn,
])
