import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runScenario } from './scenario.fixture.ts'

const folder = new URL('./scenarios/', import.meta.url)

// `npx vitest run --project unit engine/core/scenario.test.ts -u` writes down what the core does now.
test.each(readdirSync(folder).sort())('%s', async file => {
  const path = new URL(file, folder)
  await expect(runScenario(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path.pathname)
})
