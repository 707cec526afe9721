import { settingsFile } from './folder.ts'
import { ignoreFile } from './ignore-rules.ts'
import { scopeOf, segmentsOf } from './scope.ts'

/** The followed folders, and with them the files above that say how they are read; `.` where it is everything. */
export function followedPaths(paths: readonly string[]): readonly string[] {
  if (scopeOf(paths).all) return ['.']
  const folders = paths.map(segmentsOf)
  const above = folders.flatMap(names => names.map((_, depth) => [...names.slice(0, depth), ignoreFile].join('/')))
  return [...new Set([settingsFile, ...above, ...folders.map(names => names.join('/'))])].sort()
}
