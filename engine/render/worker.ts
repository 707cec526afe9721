/** A thread that reads units: it sees their bytes and nothing else. */
import { parentPort } from 'node:worker_threads'
import { answerBuild } from './kustomize/answer.ts'
import { answerOpening } from './sops/answer.ts'
import type { TreeUnitName } from './tree-unit.ts'
import { renderUnit } from './unit.ts'
import type { Batch, BatchResult, Job, UnitResult } from './batch.ts'
import { answerPlaces } from './policy/places.ts'

type Answer = (bytes: Uint8Array, options: { validate: boolean }) => object | Promise<object>

const treeUnits: Readonly<Record<TreeUnitName, Answer>> = {
  kustomization: answerBuild,
  release: async (bytes, options) => (await import('./charts/answer.ts')).answerRelease(bytes, options),
}

/** What reads CEL, JSON Schema and templates takes longer to load than most commits to render: it is loaded where it is needed. */
async function rendered(bytes: Uint8Array, job: Job): Promise<object> {
  const { validate, key } = job
  switch (job.language) {
    case 'sops':
      return answerOpening(bytes, { format: job.format, key })
    case 'policy':
      return (await import('./policy/answer.ts')).answerPolicy(bytes)
    case 'places':
      return answerPlaces(bytes)
    case 'settings': {
      const { checkPolicy } = await import('../policy/check-policy.ts')
      return renderUnit(bytes, { language: 'settings', validate, checkPolicy })
    }
    default:
      if (isTreeUnit(job.language)) return treeUnits[job.language](bytes, { validate })
      return renderUnit(bytes, { language: job.language, validate, ...(key === undefined ? {} : { key }) })
  }
}

function isTreeUnit(language: Job['language']): language is TreeUnitName {
  return Object.hasOwn(treeUnits, language)
}

async function answered({ bytes, options }: Batch['units'][number], maxOutputBytes: number): Promise<UnitResult> {
  const start = performance.now()
  const unit = JSON.stringify(await rendered(bytes, options))
  return unit.length <= maxOutputBytes
    ? { unit, milliseconds: performance.now() - start }
    : { failure: `gives more than ${maxOutputBytes >> 10} KiB of objects` }
}

parentPort?.on('message', async ({ units, maxOutputBytes }: Batch) => {
  const results: UnitResult[] = []
  for (const unit of units) results.push(await answered(unit, maxOutputBytes))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(results satisfies BatchResult)
})
