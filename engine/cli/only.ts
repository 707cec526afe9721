import { findResource } from '../api/registry.ts'
import { usageError } from './failure.ts'

/** Whether an object, as problems name it (`Deployment shop/web`), is meant. */
export type Selects = (object: string) => boolean

/**
 * What `--only KIND/NAME` and `KIND/NAMESPACE/NAME` name; kinds are written as for kubectl (`deploy`, `pods`,
 * `roles.rbac.authorization.k8s.io`). @throws CliError, where it names no object
 */
export function parseOnly(text: string): Selects {
  const parts = text.split('/')
  const [kind = '', name = ''] = [parts[0], parts.at(-1)]
  const namespace = parts.length === 3 ? parts[1] : undefined
  if (parts.length < 2 || parts.length > 3 || parts.includes('')) {
    throw usageError(`${text} does not name an object`, 'write --only deploy/web, or deploy/shop/web')
  }
  // Of custom resources only the kind itself is known.
  const wanted = (findResource(kind)?.kindKey ?? kind).toLowerCase()
  return object => {
    const [itsKind = '', itsKey = ''] = object.split(' ')
    const kinds = [itsKind, itsKind.split('.', 1)[0] ?? '']
    if (!kinds.some(each => each.toLowerCase() === wanted)) return false
    return namespace === undefined ? itsKey.split('/').at(-1) === name : itsKey === `${namespace}/${name}`
  }
}
