import { constants, getPriority } from 'node:os'
import { expect, test } from 'vitest'
import { endOf, spawnGit } from './git-process.ts'

test.each([
  { name: 'as what waits for it', background: false, priority: getPriority() },
  { name: 'behind everything else', background: true, priority: constants.priority.PRIORITY_BELOW_NORMAL },
])('git runs $name', async ({ background, priority }) => {
  // Waits for its input, of which there is none.
  const child = spawnGit(['stripspace'], { background })
  try {
    expect(getPriority(child.pid)).toBe(priority)
  } finally {
    await endOf(child)
  }
})
