import type { TreeEntry } from '../git/repository.ts'
import type { PlacedProblem } from './unit.ts'
import { ignoreFile } from './ignore-rules.ts'
import { kustomizationFiles } from './kustomize/kustomization.ts'

/** What a renderer does with an entry of a folder. */
export type EntryKind =
  | { readonly kind: 'unit'; readonly language: 'yaml' | 'json' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'nothing' }
  /** Something that may not be passed over in silence. */
  | { readonly kind: 'problem'; readonly problem: PlacedProblem }

const leaveOut = 'leave it out with .gantryignore'

/** What a folder is that is rendered as a whole: its other files are not manifests by themselves. */
export type WholeFolder =
  | { readonly kind: 'kustomization'; readonly name: string }
  /** Rendered where a Release names it. */
  | { readonly kind: 'chart'; readonly name: string }
  | { readonly kind: 'problem'; readonly name: string; readonly problem: PlacedProblem }

/** Whether a folder has to be rendered as a whole: the entry that says so. */
export function wholeFolder(entries: readonly TreeEntry[]): WholeFolder | undefined {
  for (const { name, kind } of entries) {
    if (kind === 'tree') continue
    if (isKustomizationFile(name)) return { kind: 'kustomization', name }
    if (name === 'Chart.yaml') return { kind: 'chart', name }
  }
  return undefined
}

function isKustomizationFile(name: string): boolean {
  return kustomizationFiles.some(each => each === name)
}

export function entryKind({ name, kind }: TreeEntry): EntryKind {
  // Hidden files and folders (.git, .github, .gitlab-ci.yml) belong to tools.
  if (name.startsWith('.')) return name === ignoreFile && kind === 'symlink' ? linkProblem : nothing
  switch (kind) {
    case 'tree':
      return { kind: 'folder' }
    case 'submodule':
      return warning('a submodule: what it holds is not in this repository, and nothing of it is applied')
    case 'symlink':
      return linkProblem
    case 'file':
    case 'executable':
      return fileKind(name)
  }
}

const nothing: EntryKind = { kind: 'nothing' }
const linkProblem = warning('a symbolic link, which is not followed: what it points to is read at its own place only')

function warning(message: string): EntryKind {
  const problem: PlacedProblem = { line: 0, column: 0, severity: 'warning', message, remedy: leaveOut }
  return { kind: 'problem', problem }
}

function fileKind(name: string): EntryKind {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  switch (ending) {
    case 'yaml':
    case 'yml':
      return { kind: 'unit', language: 'yaml' }
    case 'json':
      return { kind: 'unit', language: 'json' }
    case 'jsonnet': {
      const message = 'this version of Gantry does not evaluate Jsonnet'
      return { kind: 'problem', problem: { line: 0, column: 0, severity: 'error', message, remedy: leaveOut } }
    }
    default:
      return nothing
  }
}
