import type { TreeEntry } from '../git/repository.ts'
import type { PlacedProblem } from './unit.ts'
import { ignoreFile } from './ignore-rules.ts'

/** What a renderer does with an entry of a folder. */
export type EntryKind =
  | { readonly kind: 'unit'; readonly language: 'yaml' | 'json' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'nothing' }
  /** Something that may not be passed over in silence. */
  | { readonly kind: 'problem'; readonly problem: PlacedProblem }

const leaveOut = 'leave it out with .gantryignore'

/** Files that make their folder a unit of its own, whose other files are not manifests by themselves. */
const folderMarks: Readonly<Record<string, string>> = {
  'kustomization.yaml': 'a Kustomize folder',
  'kustomization.yml': 'a Kustomize folder',
  Kustomization: 'a Kustomize folder',
  'Chart.yaml': 'a chart',
}

/** Whether a folder has to be rendered as a whole, which this version does not do: the entry that says so, and why. */
export function wholeFolder(entries: readonly TreeEntry[]): { name: string; problem: PlacedProblem } | undefined {
  for (const { name, kind } of entries) {
    const what = kind === 'tree' ? undefined : folderMarks[name]
    if (what === undefined) continue
    const message = `this folder is ${what}, which this version of Gantry does not render: nothing in it is applied`
    return {
      name,
      problem: { line: 0, column: 0, severity: 'error', message, remedy: 'leave the folder out with .gantryignore' },
    }
  }
  return undefined
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
