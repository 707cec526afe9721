import type { Job, Labels } from '../../api/types.ts'

/** Pods of a Job that is made anew under its old name are told from those before by the Job's uid. */
const uidLabel = 'batch.kubernetes.io/controller-uid'
export const jobNameLabel = 'batch.kubernetes.io/job-name'

/** The Job with the selector and the labels of its pods that the cluster gives, as the API server does. */
export function withIdentity(job: Job): Job {
  const { metadata, spec } = job
  if (spec.selector !== undefined) return job
  const uid = metadata.uid ?? ''
  const labels: Labels = {
    ...spec.template.metadata?.labels,
    [uidLabel]: uid,
    'controller-uid': uid,
    [jobNameLabel]: metadata.name,
    'job-name': metadata.name,
  }
  return {
    ...job,
    spec: {
      ...spec,
      selector: { matchLabels: { [uidLabel]: uid } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
}
