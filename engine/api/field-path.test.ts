import { expect, test } from 'vitest'
import { parseFieldPath } from './field-path.ts'

test.each<{ text: string; path: (string | number)[] | undefined }>([
  { text: '.spec.replicas', path: ['spec', 'replicas'] },
  { text: 'spec.replicas', path: ['spec', 'replicas'] },
  { text: '.spec.containers[0].image', path: ['spec', 'containers', 0, 'image'] },
  { text: ".metadata.labels['app.kubernetes.io/name']", path: ['metadata', 'labels', 'app.kubernetes.io/name'] },
  { text: '', path: undefined },
  { text: '.', path: undefined },
  { text: '.spec..replicas', path: undefined },
  { text: '.spec.containers[*].image', path: undefined },
  { text: '.spec replicas', path: undefined },
])('$text', ({ text, path }) => expect(parseFieldPath(text)).toEqual(path))
