import type { KnownPath } from '../known-paths.ts'
import type { TreeReader } from '../tree.ts'
import { answerOpened, type ReleaseRequest, type ReleaseUnit } from './answer.ts'
import { ChartArchives } from './archives.ts'

const release: ReleaseRequest = {
  name: 'web',
  namespace: 'shop',
  isInstall: true,
  isUpgrade: false,
  revision: 1,
  chart: 'chart',
  origin: { file: 'release.yaml', line: 1, column: 1 },
  values: [],
  release: { name: 'web', namespace: 'shop', dependsOn: [] },
  time: 1_700_000_000,
  objects: [],
}

/** Answers as an engine would: it hands over each path that is asked for, until nothing more is. */
export function answerOf(
  tree: TreeReader,
  given: Partial<ReleaseRequest> = {},
  { validate = true }: { readonly validate?: boolean } = {},
): ReleaseUnit {
  const paths = new Map<string, KnownPath>()
  for (;;) {
    // As it crosses threads.
    const request = JSON.parse(JSON.stringify({ ...release, ...given, paths: [...paths] }))
    const answer = answerOpened(request, { validate, archives: new ChartArchives() })
    if (!('needs' in answer)) return answer
    const path = answer.needs.replace(/\/$/, '')
    paths.set(path, path === answer.needs ? known(tree, path) : namesIn(tree, path))
  }
}

function known(tree: TreeReader, path: string): KnownPath {
  const bytes = tree.read(path)
  if (bytes !== undefined) return { base64: Buffer.from(bytes).toString('base64') }
  const kind = tree.kind(path)
  return kind === undefined || kind === 'file' ? 'nothing' : kind
}

/** A path that ends in a slash asks for the names in a folder. */
function namesIn(tree: TreeReader, path: string): KnownPath {
  const names = tree.list(path)
  return names === undefined ? 'nothing' : { names }
}
