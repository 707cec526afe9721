import { takeAgeKeys } from '../age-keys.ts'
import { formatProblem, type Problem } from '../api/problem.ts'
import { writeKubectlYaml } from '../render/kubectl-yaml.ts'
import { createRenderer, type Rendered, type RendererOptions } from '../render/renderer.ts'
import { createKeyRing, type KeyRing } from '../render/sops/key-ring.ts'
import { writeYaml } from '../render/write.ts'
import { exitCodes } from './failure.ts'
import { openRemotes } from './open-remotes.ts'
import { openSource, type RenderSource } from './render-source.ts'
import type { Terminal } from './terminal.ts'

export interface FolderOptions {
  readonly paths: readonly string[] | undefined
  readonly ageKeyFile?: string | undefined
  readonly terminal: Terminal
}

/** Prints what a folder or a commit asks for; the exit code. What is wrong goes to stderr, so that the YAML can be piped on. */
export async function renderFolder(
  name: string,
  { validate, paths, ageKeyFile, terminal }: FolderOptions & { readonly validate: boolean },
): Promise<number> {
  const keyRing = createKeyRing({ identities: await takeAgeKeys(ageKeyFile), withoutKey: 'refuse' })
  const source = await openSource(name, paths)
  try {
    const { manifests, problems, notes } = await renderOnce(source, { validate, keyRing })
    terminal.write(source.isKustomization ? await asKubectl(source, keyRing) : manifests.map(asDocument).join(''))
    for (const text of notes) terminal.note(`${text.trim()}\n`)
    for (const problem of problems) terminal.note(`${formatProblem(problem)}\n`)
    return exitCodeOf(problems)
  } finally {
    await source.close()
  }
}

function asDocument({ object, origin }: Rendered['manifests'][number]): string {
  return `---\n# ${origin.file}:${origin.line}\n${writeYaml(object)}`
}

/** What `kubectl kustomize` prints: nothing checked, nothing defaulted. */
async function asKubectl(source: RenderSource, keyRing: KeyRing): Promise<string> {
  const { manifests } = await renderOnce(source, { validate: false, keyRing })
  return manifests.map(({ object }) => writeKubectlYaml(object)).join('---\n')
}

export async function renderOnce({ open, paths, chart }: RenderSource, options: RendererOptions): Promise<Rendered> {
  const remotes = await openRemotes()
  const renderer = createRenderer({ ...options, remotes })
  try {
    const followed = paths === undefined ? {} : { paths }
    return await renderer.render(open(), chart === undefined ? followed : { chart })
  } finally {
    await renderer.close()
    await remotes.close()
  }
}

export function exitCodeOf(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? exitCodes.failed : 0
}
