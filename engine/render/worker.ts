/** A thread that reads units: it sees their bytes and nothing else. */
import { parentPort } from 'node:worker_threads'
import { answerBuild } from './kustomize/answer.ts'
import type { TreeUnitName } from './tree-unit.ts'
import { renderUnit } from './unit.ts'
import type { Batch, BatchResult, Job } from './batch.ts'
import { answerPlaces } from './policy/places.ts'
import { answerPolicy } from './policy/answer.ts'
import type { PolicyJob } from './policy/job.ts'

const treeUnits: Readonly<Record<TreeUnitName, (bytes: Uint8Array, options: { validate: boolean }) => object>> = {
  kustomization: answerBuild,
}

const policyJobs: Readonly<Record<PolicyJob, (bytes: Uint8Array) => object>> = {
  policy: answerPolicy,
  places: answerPlaces,
}

function rendered(bytes: Uint8Array, { language, validate }: Job): object {
  if (isPolicyJob(language)) return policyJobs[language](bytes)
  if (isTreeUnit(language)) return treeUnits[language](bytes, { validate })
  return renderUnit(bytes, { language, validate })
}

function isTreeUnit(language: Job['language']): language is TreeUnitName {
  return Object.hasOwn(treeUnits, language)
}

function isPolicyJob(language: Job['language']): language is PolicyJob {
  return Object.hasOwn(policyJobs, language)
}

parentPort?.on('message', ({ units, maxOutputBytes }: Batch) => {
  const results = units.map(({ bytes, options }) => {
    const unit = JSON.stringify(rendered(bytes, options))
    return unit.length <= maxOutputBytes
      ? { unit }
      : { failure: `gives more than ${maxOutputBytes >> 10} KiB of objects` }
  })
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(results satisfies BatchResult)
})
