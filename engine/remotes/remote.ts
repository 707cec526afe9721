import type { ReleaseChart } from '../api/types.ts'

/** What a commit names that is not in it. */
export type Remote =
  /** A chart of a repository (`index.yaml`), by a range of versions. */
  | { readonly kind: 'chart'; readonly repository: string; readonly name: string; readonly version: string }
  /** A chart of an OCI registry, by a range of versions. */
  | { readonly kind: 'oci'; readonly oci: string; readonly version: string }
  /** A git repository at a branch, a tag or a commit; at its default branch where `ref` is ''. */
  | { readonly kind: 'base'; readonly url: string; readonly ref: string }
  /** One file. */
  | { readonly kind: 'file'; readonly url: string }

/** In words; equal for equal remotes and for no others. */
export function describeRemote(remote: Remote): string {
  switch (remote.kind) {
    case 'chart':
      return `chart ${remote.name} ${remote.version} of ${remote.repository}`
    case 'oci':
      return `chart ${remote.oci} ${remote.version}`
    case 'base':
      return remote.ref === '' ? `base ${remote.url}` : `base ${remote.url} at ${remote.ref}`
    case 'file':
      return `file ${remote.url}`
  }
}

/** Undefined for a chart that is a folder of the branch. */
export function remoteOfChart(chart: ReleaseChart): Remote | undefined {
  if ('path' in chart) return undefined
  return 'oci' in chart ? { kind: 'oci', ...chart } : { kind: 'chart', ...chart }
}
