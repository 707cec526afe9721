import { expect, test } from 'vitest'
import { exitCodes } from './failure.ts'
import { parseOnly } from './only.ts'

test.each<{ text: string; object: string; selects: boolean }>([
  { text: 'Deployment/web', object: 'Deployment shop/web', selects: true },
  { text: 'deploy/web', object: 'Deployment shop/web', selects: true },
  { text: 'deployments.apps/web', object: 'Deployment shop/web', selects: true },
  { text: 'deploy/shop/web', object: 'Deployment shop/web', selects: true },
  { text: 'deploy/other/web', object: 'Deployment shop/web', selects: false },
  { text: 'deploy/we', object: 'Deployment shop/web', selects: false },
  { text: 'svc/web', object: 'Deployment shop/web', selects: false },
  { text: 'ns/shop', object: 'Namespace shop', selects: true },
  { text: 'role/read', object: 'Role.rbac.authorization.k8s.io shop/read', selects: true },
  { text: 'widget/a', object: 'Widget.example.com shop/a', selects: true },
  { text: 'Widget.example.com/a', object: 'Widget.example.com shop/a', selects: true },
])('$text and $object: $selects', ({ text, object, selects }) => expect(parseOnly(text)(object)).toBe(selects))

test.each(['', 'web', 'deploy/', '/web', 'deploy//web', 'deploy/a/b/c'])('"%s" names no object', text =>
  expect(() => parseOnly(text)).toThrow(
    expect.objectContaining({ message: `${text} does not name an object`, exitCode: exitCodes.usage }),
  ),
)
