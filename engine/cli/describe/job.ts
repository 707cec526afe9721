import type { Job } from '../../api/types.ts'
import { formatDuration } from '../../server/age.ts'
import { selectorText } from '../../server/columns/selector-text.ts'
import { annotationLines, controllerLines, labelLines, longTime } from './block.ts'
import { templateLines } from './workload.ts'

export function describeJob(job: Job): readonly string[] {
  const { metadata, spec, status } = job
  const ready = status?.ready === undefined ? '' : ` (${status.ready} Ready)`
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    `Selector:\t${spec.selector === undefined ? '<unset>' : selectorText(spec.selector)}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    ...controllerLines(metadata),
    `Parallelism:\t${spec.parallelism}`,
    `Completions:\t${spec.completions ?? '<unset>'}`,
    `Completion Mode:\t${spec.completionMode}`,
    `Suspend:\t${spec.suspend}`,
    `Backoff Limit:\t${spec.backoffLimit}`,
    ...(spec.ttlSecondsAfterFinished === undefined
      ? []
      : [`TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`]),
    ...timeLines(job),
    ...(spec.activeDeadlineSeconds === undefined ? [] : [`Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`]),
    `Pods Statuses:\t${status?.active ?? 0} Active${ready} / ${status?.succeeded ?? 0} Succeeded / ${status?.failed ?? 0} Failed`,
    ...templateLines(spec.template),
  ]
}

function timeLines({ status }: Job): string[] {
  const { startTime, completionTime } = status ?? {}
  if (startTime === undefined) return []
  if (completionTime === undefined) return [`Start Time:\t${longTime(startTime)}`]
  return [
    `Start Time:\t${longTime(startTime)}`,
    `Completed At:\t${longTime(completionTime)}`,
    `Duration:\t${formatDuration(Date.parse(completionTime) - Date.parse(startTime))}`,
  ]
}
