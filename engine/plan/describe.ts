import type { Deployment, KubeObject, Service } from '../api/types.ts'
import { sourceAnnotation } from '../api/manifest.ts'
import { equal } from '../api/stable.ts'
import { diffObjects, formatPath, type FieldChange, type Segment } from './diff.ts'
import { fieldsOf } from './fields.ts'
import { stageTitle } from './stages.ts'
import type { Plan, PlanStep } from './step.ts'

export interface DescribeOptions {
  /** Paints a line's sign and the summary: for a terminal, never for git's `remote:` lines. */
  readonly paint?: (text: string, kind: PlanStep['kind']) => string
}

const signs: Readonly<Record<PlanStep['kind'], string>> = { create: '+', update: '~', delete: '-', run: '>' }

/** A column wider than this aligns nothing any more. */
const maxNameWidth = 48
const maxValueLength = 40
const maxChangesShown = 4

/** The plan in words: a line an object, then a summary. Values of Secrets are never shown. */
export function describePlan(plan: Plan, options: DescribeOptions = {}): string[] {
  const { steps } = plan
  if (steps.length === 0) return ['plan: nothing to change']
  const paint = options.paint ?? (text => text)
  const width = Math.min(maxNameWidth, Math.max(...steps.map(step => nameOf(step).length)))
  return [
    ...steps.flatMap((step, place) => {
      const details = detailsOf(step)
      const line = details === '' ? nameOf(step) : `${nameOf(step).padEnd(width)}  ${details}`
      return [...heading(step, steps[place - 1]), `${paint(signs[step.kind], step.kind)} ${line}`]
    }),
    summary(steps),
  ]
}

function summary(steps: readonly PlanStep[]): string {
  const count = (kind: PlanStep['kind']) => steps.filter(step => step.kind === kind).length
  const runs = count('run')
  const hooks = runs === 0 ? '' : `, ${runs} ${runs === 1 ? 'hook' : 'hooks'} to run`
  return `plan: ${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete${hooks}`
}

/** `wave 1 (after wave 0):`, above the first step of each stage. */
function heading(step: PlanStep, previous: PlanStep | undefined): string[] {
  const { stage } = step
  if (stage === undefined || stage === previous?.stage) return []
  const after = previous?.stage?.chain === stage.chain ? ` (after ${titleOf(previous)})` : ''
  return [`${titleOf(step)}${after}:`]
}

function titleOf(step: PlanStep): string {
  if (step.kind === 'run') return `${step.event} hook`
  return step.stage === undefined ? '' : stageTitle(step.stage)
}

function nameOf({ ref }: PlanStep): string {
  return `${ref.kind} ${ref.key}`
}

function detailsOf(step: PlanStep): string {
  switch (step.kind) {
    case 'create':
      return introduce(step.after)
    case 'update':
      return [changesInWords(step.before, step.after), consequence(step.before, step.after)].filter(Boolean).join('  ')
    case 'delete':
      return ''
    case 'run':
      return `${step.event} hook`
  }
}

/** What a new object brings, in a few words. */
function introduce(object: KubeObject): string {
  if (object.kind === 'Deployment') {
    const { replicas, template } = (object as Deployment).spec
    const images = [...new Set(template.spec.containers.flatMap(({ image }) => image ?? []))]
    return [pods(replicas), ...images].join(', ')
  }
  if (object.kind === 'Service') {
    const { type, ports = [] } = (object as Service).spec
    return [
      type,
      ...ports.map(port => (port.nodePort === undefined ? `${port.port}` : `${port.port}:${port.nodePort}`)),
    ].join(' ')
  }
  return ''
}

function changesInWords(before: KubeObject, after: KubeObject): string {
  const changes = diffObjects(before, after)
  const shown = changes.slice(0, maxChangesShown).map(change => changeInWords(change, after))
  const more = changes.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function changeInWords(change: FieldChange, after: KubeObject): string {
  if (isAnnotation(change, sourceAnnotation)) {
    return change.after === undefined ? 'no longer in git' : `now from ${String(change.after)}`
  }
  const name = fieldInWords(change.path, after)
  if (isSecret(after, change))
    return `${name} ${change.before === undefined ? 'added' : change.after === undefined ? 'removed' : 'changed'}`
  if (change.before === undefined) return `${name} = ${valueInWords(change.after)}`
  if (change.after === undefined) return `${name} removed`
  return `${name} ${differingParts(change.before, change.after).map(valueInWords).join(' → ')}`
}

function isAnnotation({ path }: FieldChange, name: string): boolean {
  const [metadata, annotations, field] = path.map(fieldOf)
  return path.length === 3 && metadata === 'metadata' && annotations === 'annotations' && field === name
}

/** Everything under a Secret's data is a value; which keys there are may be told. */
function isSecret(object: KubeObject, { path }: FieldChange): boolean {
  const first = fieldOf(path[0])
  return object.kind === 'Secret' && object.apiVersion === 'v1' && (first === 'data' || first === 'stringData')
}

/** `spec.template.spec.containers[web].env[VERSION].value` → `env VERSION`, where web is the only container. */
function fieldInWords(path: readonly Segment[], object: KubeObject): string {
  const rest = withoutTemplate(path, object)
  const [first, second, third] = rest
  const name = fieldOf(first)
  if (name === 'metadata' && third) return `${fieldOf(second) === 'labels' ? 'label' : 'annotation'} ${fieldOf(third)}`
  if (name === 'env' && second && 'item' in second)
    return third === undefined || fieldOf(third) === 'value'
      ? `env ${second.item}`
      : `env ${formatPath(rest.slice(1)).slice(1).replace('].', ' ')}`
  if ((name === 'data' || name === 'binaryData') && second) return fieldOf(second) ?? name
  return formatPath(name === 'spec' && rest.length > 1 ? rest.slice(1) : rest)
}

/** Leaves out the way to the pod's spec, and to its container where there is just one. */
function withoutTemplate(path: readonly Segment[], object: KubeObject): readonly Segment[] {
  const fields = path.map(fieldOf)
  const inTemplate = fields[0] === 'spec' && fields[1] === 'template'
  if (inTemplate && fields[2] !== 'spec') return path
  const rest = inTemplate ? path.slice(3) : object.kind === 'Pod' && fields[0] === 'spec' ? path.slice(1) : undefined
  if (rest === undefined || rest.length === 0) return path
  const spec = inTemplate ? fieldsOf(fieldsOf(fieldsOf(object.spec)?.['template'])?.['spec']) : fieldsOf(object.spec)
  const containers = spec?.['containers']
  const only = Array.isArray(containers) && containers.length === 1
  return only && fieldOf(rest[0]) === 'containers' && rest.length > 2 ? rest.slice(2) : rest
}

function fieldOf(segment: Segment | undefined): string | undefined {
  return segment && 'field' in segment ? segment.field : undefined
}

/** Long texts that differ in one line are told by that line. */
function differingParts(before: unknown, after: unknown): [unknown, unknown] {
  if (typeof before !== 'string' || typeof after !== 'string') return [before, after]
  const [from, to] = [before.split('\n'), after.split('\n')]
  if (from.length !== to.length || from.length === 1) return [before, after]
  const lines = from.flatMap((line, index) => (line === to[index] ? [] : [index]))
  const [only] = lines
  return lines.length === 1 && only !== undefined ? [from[only], to[only]] : [before, after]
}

function valueInWords(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= maxValueLength ? text : `${text.slice(0, maxValueLength - 1)}…`
}

/** What follows for running pods. */
function consequence(before: KubeObject, after: KubeObject): string {
  if (before.kind !== 'Deployment' || after.kind !== 'Deployment') return ''
  const [was, is] = [(before as Deployment).spec, (after as Deployment).spec]
  if (equal(was.template, is.template)) return ''
  if (is.paused === true) return '(paused: nothing rolls out)'
  return is.strategy.type === 'Recreate' ? `(recreate, ${pods(is.replicas)})` : `(rolling update, ${pods(is.replicas)})`
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`
}
