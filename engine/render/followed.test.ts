import { expect, test } from 'vitest'
import { followedPaths } from './followed.ts'

test.each([
  { name: 'everything', paths: ['.'], followed: ['.'] },
  { name: 'everything, among others', paths: ['apps', './'], followed: ['.'] },
  { name: 'a folder', paths: ['apps'], followed: ['.gantryignore', 'apps', 'gantry.yaml'] },
  {
    name: 'folders, written as people write them',
    paths: ['./apps//shop/', 'apps/bank', 'base'],
    followed: ['.gantryignore', 'apps/.gantryignore', 'apps/bank', 'apps/shop', 'base', 'gantry.yaml'],
  },
])('$name', ({ paths, followed }) => {
  expect(followedPaths(paths)).toEqual(followed)
})
