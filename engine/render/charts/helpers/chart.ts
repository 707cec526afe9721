import { isWithin, versionOf } from '../version.ts'
import { HelperFailure, helper, type Helper } from './helper.ts'

/** What asks for more than its arguments: partials, files, the cluster, the commit's objects. */
export const chartHelpers: Readonly<Record<string, Helper>> = {
  include: helper({ takes: ['text', 'any'] }, ([name, value], { include }) => include(name, value)),
  tpl: helper({ takes: ['text', 'any'] }, ([text, value], { tpl }) => tpl(text, value)),
  lookup: helper({ takes: ['text', 'text', 'text', 'text'] }, ([apiVersion, kind, namespace, name], { lookup }) => {
    const found = lookup({ apiVersion, kind, namespace, name })
    if (name !== '') return found[0] ?? {}
    return found.length === 0 ? {} : { apiVersion, kind: `${kind}List`, items: found }
  }),
  'Files.Get': helper({ takes: ['text'] }, ([path], { files, origin }) => files.text(path, origin)),
  'Files.Lines': helper({ takes: ['text'] }, ([path], { files, origin }) =>
    files.text(path, origin).replace(/\n$/, '').split('\n'),
  ),
  /** The paths that a pattern means. */
  'Files.Glob': helper({ takes: ['text'] }, ([pattern], { files }) => files.glob(pattern)),
  /** Files as the `data` of a ConfigMap, and of a Secret, named as they are without their folders. */
  'Files.AsConfig': helper({ takes: ['text'] }, ([pattern], { files, origin }) =>
    Object.fromEntries(files.glob(pattern).map(path => [baseName(path), files.text(path, origin)])),
  ),
  'Files.AsSecrets': helper({ takes: ['text'] }, ([pattern], { files, origin }) =>
    Object.fromEntries(files.glob(pattern).map(path => [baseName(path), files.base64(path, origin)])),
  ),
  'Capabilities.APIVersions.Has': helper({ takes: ['text'] }, ([version], { capabilities }) =>
    capabilities.apiVersions.includes(version),
  ),
  semver: helper({ takes: ['text'] }, ([text]) => {
    const version = versionOf(text)
    if (version === undefined) throw new HelperFailure('takes a version, such as 1.2.3')
    const { major, minor, patch, prerelease, build } = version
    return { Major: major, Minor: minor, Patch: patch, Prerelease: prerelease.join('.'), Metadata: build.join('.') }
  }),
  semverCompare: helper({ takes: ['text', 'text'] }, ([constraint, version]) => {
    const is = isWithin(version, constraint)
    if (is === undefined) throw new HelperFailure('takes a constraint and a version, such as ">=1.2" "1.3.0"')
    return is
  }),
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
