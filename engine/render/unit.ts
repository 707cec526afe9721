import { checkObject } from '../api/check.ts'
import { checkSettings } from '../api/check-settings.ts'
import type { Problem } from '../api/problem.ts'
import type { Locate } from '../api/report.ts'
import { defaultNamespace } from '../api/manifest.ts'
import type { ClusterSettings } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'
import type { checkPolicy } from '../policy/check-policy.ts'
import { compose, type Finding } from './compose.ts'
import { readJson } from './json.ts'
import { membersOf, type Member } from './list.ts'
import { locate, offsetOf } from './locate.ts'
import { readYaml, type Node } from './nodes.ts'
import { hidden, type FileKey } from './sops/file-key.ts'
import { holdsSecrets, isStranded, openManifests, plainSecret, stranded, unchecked } from './sops/manifests.ts'
import type { Recipients } from './sops/metadata.ts'
import { findEncrypted, type EncryptedDocuments } from './sops/nodes.ts'
import { Lines, Unreadable, decode, decodeLoosely, type Place } from './source-text.ts'

/** How a unit's bytes are read: manifests in YAML or JSON, or `gantry.yaml`. */
export type Language = 'yaml' | 'json' | 'settings'

/** A problem of a unit, which does not know the file that it stands in: equal files at two places are one unit. */
export type PlacedProblem = Omit<Problem, 'file'>

export interface PlacedObject extends Place {
  readonly object: KubeObject
}

/** What one unit gives. Plain JSON: it crosses threads and rests in the cache. */
export interface RenderedUnit {
  readonly manifests: readonly PlacedObject[]
  readonly settings?: ClusterSettings
  readonly problems: readonly PlacedProblem[]
  /** The file is encrypted, and was read without its key: for whom, and where it says so. */
  readonly locked?: Place & { readonly recipients: Recipients }
  /** Something of it was encrypted in the file: it must not rest on a disk. */
  readonly opened?: true
}

/** After so many problems a file is beyond reading. */
const maxProblems = 50

export interface UnitOptions {
  readonly language: Language
  /** Without it objects are given as they are written: neither checked nor defaulted. */
  readonly validate: boolean
  /** Checks what settings say of a policy. Given, because what reads its languages is loaded only where there may be one. */
  readonly checkPolicy?: typeof checkPolicy
  /** The file's own key, where it is encrypted. */
  readonly key?: FileKey
}

/** Reads one file: parses, checks and defaults what it holds. Everything wrong with it is in the problems. */
export function renderUnit(bytes: Uint8Array, { language, validate, checkPolicy, key }: UnitOptions): RenderedUnit {
  let source: Source
  let documents: Node[]
  try {
    const text = decode(bytes)
    source = new Source(text)
    if (text.startsWith(lfsHeader)) return { manifests: [], problems: [lfsPointer] }
    documents = language === 'json' ? readJson(text) : readYaml(text)
    const encrypted = language === 'settings' ? undefined : findEncrypted(documents)
    if (encrypted !== undefined) return readEncrypted(encrypted, { source, validate, key, language })
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return unreadable(error, new Source(decodeLoosely(bytes)))
  }
  const unit =
    language === 'settings'
      ? readSettings(documents, { source, checkPolicy })
      : readManifests(documents, { source, validate, encrypted: false })
  return limited(unit)
}

function unreadable({ message, remedy, offset }: Unreadable, source: Source): RenderedUnit {
  return { manifests: [], problems: [source.problem({ severity: 'error', message, remedy, offset })] }
}

interface EncryptedReading extends Pick<UnitOptions, 'language' | 'validate'> {
  readonly source: Source
  readonly key: FileKey | undefined
}

function readEncrypted(
  encrypted: EncryptedDocuments,
  { source, validate, key, language }: EncryptedReading,
): RenderedUnit {
  const { age, others } = encrypted.metadata
  const place = source.place(encrypted.offset)
  if (key === undefined) return { manifests: [], problems: [], locked: { ...place, recipients: { age, others } } }
  const documents = openManifests(encrypted, { key, format: language === 'json' ? 'json' : 'yaml' })
  const unit = limited(readManifests(documents, { source, validate, encrypted: true }))
  const problems = key === hidden ? [{ ...place, ...unchecked }, ...unit.problems] : unit.problems
  return { ...unit, problems, opened: true }
}

const lfsHeader = 'version https://git-lfs.github.com/spec/'
const lfsPointer: PlacedProblem = {
  line: 1,
  column: 1,
  severity: 'warning',
  message: 'the file is a Git LFS pointer, not its contents: nothing of it is applied',
  remedy: 'commit the file itself, or leave it out with .gantryignore',
}

/** A finding, or what made the whole file unreadable. */
interface Mistake extends Pick<Finding, 'severity' | 'message' | 'other'> {
  readonly remedy?: string | undefined
  readonly offset: number | undefined
}

/** A text that problems are placed in. */
class Source {
  readonly #lines: Lines
  constructor(text: string) {
    this.#lines = new Lines(text)
  }

  place(offset: number | undefined): Place {
    return offset === undefined ? { line: 0, column: 0 } : this.#lines.at(offset)
  }

  problem({ severity, message, remedy, offset, other }: Mistake): PlacedProblem {
    const words = other === undefined ? message : `${message}, ${other.words} ${this.place(other.offset).line}`
    return { ...this.place(offset), severity, message: words, ...(remedy === undefined ? {} : { remedy }) }
  }
}

interface Reading {
  readonly source: Source
  readonly validate: boolean
  /** The values of its Secrets are encrypted in the file. */
  readonly encrypted: boolean
}

function readManifests(documents: readonly Node[], reading: Reading): RenderedUnit {
  const units = documents.map(document => readDocument(document, reading))
  return { manifests: units.flatMap(unit => unit.manifests), problems: units.flatMap(unit => unit.problems) }
}

function readDocument(document: Node, reading: Reading): RenderedUnit {
  const { source } = reading
  const { value, findings } = compose(document)
  if (findings.some(({ severity }) => severity === 'error')) {
    // What was left out while reading would only give problems that are none.
    return { manifests: [], problems: findings.map(finding => source.problem(finding)) }
  }
  if (value === null) return { manifests: [], problems: [] }
  const members = membersOf(value).map(member => readMember(member, { document, ...reading }))
  return {
    manifests: members.flatMap(({ manifests }) => manifests),
    problems: [...findings.map(finding => source.problem(finding)), ...members.flatMap(({ problems }) => problems)],
  }
}

function readMember(
  member: Member,
  { document, source, validate, encrypted }: Reading & { readonly document: Node },
): RenderedUnit {
  const location = locate(document, member.path)
  const start = source.place(location.node.offset)
  const mistake = whyNoManifest(member.value)
  if (mistake !== undefined) return { manifests: [], problems: [{ ...start, severity: 'error', ...mistake }] }
  if (!validate) return { manifests: [{ ...start, object: member.value as KubeObject }], problems: [] }
  const asked = new Map<string, Node>()
  const find: Locate = (path, target) => {
    const found = locate(location.node, path)
    const place = source.place(offsetOf(found, target))
    asked.set(`${place.line}:${place.column}`, found.node)
    return { file: '', ...place }
  }
  const { object, problems, disposition } = checkObject(member.value, { locate: find, defaultNamespace })
  const applied = object !== undefined && disposition !== 'ignored'
  const found = problems.map(problem => asWritten(withoutFile(problem), asked.get(`${problem.line}:${problem.column}`)))
  const isPlain = !encrypted && applied && holdsSecrets(object)
  return {
    manifests: applied ? [{ ...start, object }] : [],
    problems: isPlain ? [...found, { ...start, severity: 'warning', ...plainSecret }] : found,
  }
}

/** Says `yes` where that is what stands in the file, although it is read as `true`. */
function asWritten(problem: PlacedProblem, node: Node | undefined): PlacedProblem {
  const { message, remedy } = problem
  if (node?.kind !== 'scalar' || !node.plain || remedy === undefined) return problem
  const read = String(compose(node).value)
  if (read === node.text || !remedy.includes(`"${read}"`)) return problem
  return {
    ...problem,
    message: `${message} (${node.text} without quotes is read as ${read})`,
    remedy: remedy.replace(`"${read}"`, JSON.stringify(node.text)),
  }
}

const leaveOut = 'if it is not meant for the cluster, leave the file out with .gantryignore'

/** What tells at once that a value is no manifest at all; the rest is for checkObject to say. */
function whyNoManifest(value: unknown): { message: string; remedy: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'empty' : `only a ${typeof value}`
    return { message: `a manifest must be a mapping with apiVersion and kind; this is ${what}`, remedy: leaveOut }
  }
  if (isStranded(value)) return stranded
  const lacking = ['apiVersion', 'kind'].filter(field => !Object.hasOwn(value, field))
  if (lacking.length === 0) return undefined
  return { message: `a manifest needs apiVersion and kind; this has no ${lacking.join(' and no ')}`, remedy: leaveOut }
}

function readSettings(
  documents: readonly Node[],
  { source, checkPolicy }: { readonly source: Source; readonly checkPolicy: UnitOptions['checkPolicy'] | undefined },
): RenderedUnit {
  const [document, second] = documents
  if (document === undefined) return { manifests: [], problems: [] }
  const extra =
    second === undefined
      ? []
      : [
          source.problem({
            severity: 'error',
            message: 'gantry.yaml holds one document, kind: Cluster',
            remedy: 'move the others to a file of their own',
            offset: second.offset,
          }),
        ]
  const { value, findings } = compose(document)
  const problems = [...findings.map(finding => source.problem(finding)), ...extra]
  if (value === null || problems.length > 0) return { manifests: [], problems }
  const find: Locate = (path, target) => ({ file: '', ...source.place(offsetOf(locate(document, path), target)) })
  const { settings, problems: found } = checkSettings(value, { locate: find })
  const inPolicy = (settings && checkPolicy?.(settings.spec.policy, { value, locate: find })) ?? []
  return {
    manifests: [],
    ...(settings === undefined || inPolicy.some(isError) ? {} : { settings }),
    problems: [...found, ...inPolicy].map(withoutFile),
  }
}

function withoutFile(problem: Problem): PlacedProblem {
  const { file: _, ...placed } = problem
  return placed
}

function limited(unit: RenderedUnit): RenderedUnit {
  const more = unit.problems.length - maxProblems
  if (more <= 0) return unit
  const last: PlacedProblem = {
    line: 0,
    column: 0,
    // The rest may hold errors: what is not told must not pass for valid.
    severity: unit.problems.some(({ severity }) => severity === 'error') ? 'error' : 'warning',
    message: `${more} more problems in this file`,
  }
  const [errors, warnings] = [unit.problems.filter(isError), unit.problems.filter(problem => !isError(problem))]
  return { ...unit, problems: [...[...errors, ...warnings].slice(0, maxProblems), last] }
}

function isError({ severity }: PlacedProblem): boolean {
  return severity === 'error'
}
