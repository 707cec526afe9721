import { expect, test } from 'vitest'
import type { ContainerStatusReport, SandboxState } from '../runtime/runtime.ts'
import { lastRun, nothingObserved, observeContainer, type Observed, observeSandbox } from './runs.ts'

const at = { now: 500, wall: 10_000 }
type State = ContainerStatusReport['state']
const running: State = { kind: 'running', startedAt: 1_000 }
const exited: State = { kind: 'exited', startedAt: 1_000, finishedAt: 9_000, exitCode: 1, oomKilled: false }

function status(state: State, attempt = 0): ContainerStatusReport {
  return { id: `web-${attempt}`, podUid: 'uid-p', name: 'web', attempt, image: '', imageID: '', state }
}
function sandbox(...containers: readonly ContainerStatusReport[]): SandboxState {
  return { podUid: 'uid-p', namespace: 'shop', name: 'p', ip: '10.0.0.2', ready: true, containers }
}
const seen = (...containers: readonly ContainerStatusReport[]) =>
  observeSandbox(nothingObserved, sandbox(...containers), at)

test('a listing that says nothing new changes nothing', () => {
  const observed = seen(status(running, 1), status(exited))
  expect(observeSandbox(observed, sandbox(status(running, 1), status(exited)), at)).toBe(observed)
})

test('news that come late do not undo an end', () => {
  const observed = seen(status(exited))
  expect(observeContainer(observed, status(running), at)).toBe(observed)
})

function foundEnded(wall: number): number | undefined {
  return lastRun(observeSandbox(nothingObserved, sandbox(status(exited)), { now: 500, wall }), 'web')?.endedAt
}

test('an end that is found was in the past, and never in the future of a clock that jumped', () => {
  expect([foundEnded(10_000), foundEnded(5_000)]).toEqual([-500, 500])
})

test.each<{ name: string; listing: SandboxState | undefined; lost: string; exitCode: number }>([
  { name: 'alone', listing: sandbox(), lost: 'alone', exitCode: 137 },
  { name: 'with its sandbox', listing: undefined, lost: 'withSandbox', exitCode: 137 },
])('a container is lost $name', ({ listing, lost, exitCode }) => {
  const run = lastRun(observeSandbox(seen(status(running)), listing, at), 'web')
  expect({ lost: run?.lost, state: run?.status.state }).toEqual({
    lost,
    state: {
      kind: 'exited',
      startedAt: 1_000,
      finishedAt: 10_000,
      exitCode,
      oomKilled: false,
      message: 'The container could not be located when the pod was observed',
    },
  })
})

function attempts(observed: Observed): readonly number[] | undefined {
  return observed.runs.get('web')?.map(run => run.status.attempt)
}

test('of runs that are lost only the last two are remembered', () => {
  const three = seen(status(running, 2), status(exited, 1), status(exited))
  expect([attempts(three), attempts(observeSandbox(three, undefined, at))]).toEqual([
    [2, 1, 0],
    [2, 1],
  ])
})
