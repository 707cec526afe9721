import type { KindKey } from '../reference.ts'
import { type Report, show } from '../report.ts'
import {
  argoEvents,
  argoHookAnnotation,
  deletePolicyAnnotations,
  helmHookAnnotation,
  helmWeightAnnotation,
  hookEvents,
  waveAnnotations,
  words,
} from '../sequence.ts'
import type { Labels } from '../types.ts'

interface Vocabulary {
  readonly annotation: string
  /** Words that are acted on. */
  readonly run: readonly string[]
  /** Words that are known: what they name does not happen, and their author is told so. */
  readonly notRun: readonly string[]
  /** Words whose very meaning is that nothing happens. */
  readonly silent: readonly string[]
}

const hooks: readonly Vocabulary[] = [
  {
    annotation: helmHookAnnotation,
    run: hookEvents,
    notRun: ['pre-delete', 'post-delete', 'pre-rollback', 'post-rollback'],
    silent: ['test', 'test-success', 'test-failure'],
  },
  {
    annotation: argoHookAnnotation,
    run: Object.keys(argoEvents),
    notRun: ['SyncFail', 'PreDelete', 'PostDelete'],
    silent: ['Skip'],
  },
]
const policies: readonly Vocabulary[] = deletePolicyAnnotations.map(annotation => ({
  annotation,
  run: annotation.startsWith('helm')
    ? ['before-hook-creation', 'hook-succeeded', 'hook-failed']
    : ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'],
  notRun: [],
  silent: [],
}))

/** Checks when an object says that its turn is. */
export function checkSequence(annotations: Labels, { kind, report }: { kind: KindKey; report: Report }): void {
  for (const name of [...waveAnnotations, helmWeightAnnotation]) checkWholeNumber(annotations, { name, report })
  for (const vocabulary of [...hooks, ...policies]) checkWords(annotations, { vocabulary, report })
  const named = hooks.find(({ annotation, run }) => words(annotations[annotation]).some(word => run.includes(word)))
  if (named && kind === 'Pod') {
    report.error(['metadata', 'annotations', named.annotation], 'has no meaning on a Pod: hooks are Jobs in Gantry', {
      target: 'key',
      remedy: 'make it a Job with this pod as its template',
    })
  }
}

function checkWholeNumber(annotations: Labels, { name, report }: { name: string; report: Report }): void {
  const value = annotations[name]
  if (value === undefined || /^-?\d{1,6}$/.test(value)) return
  report.error(['metadata', 'annotations', name], `must be a whole number in quotes, not ${show(value)}`, {
    remedy: `write ${name}: "1"`,
  })
}

function checkWords(annotations: Labels, { vocabulary, report }: { vocabulary: Vocabulary; report: Report }): void {
  const { annotation, run, notRun, silent } = vocabulary
  const place = ['metadata', 'annotations', annotation]
  for (const word of words(annotations[annotation])) {
    if (notRun.includes(word)) report.warn(place, `names ${word}, which is not run by Gantry yet`)
    else if (!run.includes(word) && !silent.includes(word)) {
      report.error(place, `must be one or more of ${[...run, ...notRun, ...silent].join(', ')}, not ${show(word)}`, {
        remedy: `write ${annotation}: ${run[0]}`,
      })
    }
  }
}
