/** A thread that reads units: it sees their bytes and nothing else. */
import { parentPort } from 'node:worker_threads'
import { answerBuild } from './kustomize/answer.ts'
import { renderUnit } from './unit.ts'
import type { Batch, BatchResult } from './batch.ts'

parentPort?.on('message', ({ units, maxOutputBytes }: Batch) => {
  const results = units.map(({ bytes, options }) => {
    const { language, validate } = options
    const unit = JSON.stringify(
      language === 'kustomization' ? answerBuild(bytes, { validate }) : renderUnit(bytes, { language, validate }),
    )
    return unit.length <= maxOutputBytes
      ? { unit }
      : { failure: `gives more than ${maxOutputBytes >> 10} KiB of objects` }
  })
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(results satisfies BatchResult)
})
