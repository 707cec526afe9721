/** What every runtime must do: run on each of them. */
import { prepareGround } from './runtime.fixture.ts'
import type { RuntimeUnderTest } from './runtime.fixture.ts'
import { execSuite } from './exec.suite.ts'
import { lifecycleSuite } from './lifecycle.suite.ts'
import { streamsSuite } from './streams.suite.ts'
import { surroundingsSuite } from './surroundings.suite.ts'
import { usageSuite } from './usage.suite.ts'

export function runtimeSuite(make: () => Promise<RuntimeUnderTest>): void {
  const ground = prepareGround(make)
  lifecycleSuite(ground)
  surroundingsSuite(ground)
  streamsSuite(ground)
  execSuite(ground)
  usageSuite(ground)
}
