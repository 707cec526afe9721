import { expect, test } from 'vitest'
import type { Probe } from '../../engine/api/types.ts'
import { asksForRestart, initialState, judge, mayBeEager, nextTry, type ProbeKind } from './judge.ts'

const probe: Probe = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}

test.each<{
  name: string
  kind: ProbeKind
  results: string
  more?: Partial<Probe>
  passing: boolean
  restart: boolean
}>([
  { name: 'not ready at first', kind: 'readiness', results: '', passing: false, restart: false },
  { name: 'alive at first', kind: 'liveness', results: '', passing: true, restart: false },
  { name: 'ready at the first success', kind: 'readiness', results: '--+', passing: true, restart: false },
  { name: 'ready until the third failure', kind: 'readiness', results: '+--', passing: true, restart: false },
  { name: 'not ready at the third failure', kind: 'readiness', results: '+---', passing: false, restart: false },
  { name: 'failures must follow each other', kind: 'liveness', results: '--+--', passing: true, restart: false },
  { name: 'to be restarted at the third failure', kind: 'liveness', results: '---', passing: false, restart: true },
  { name: 'a startup that takes too long', kind: 'startup', results: '---', passing: false, restart: true },
  {
    name: 'two successes are asked for',
    kind: 'readiness',
    results: '+-+',
    more: { successThreshold: 2 },
    passing: false,
    restart: false,
  },
  {
    name: 'two successes are enough',
    kind: 'readiness',
    results: '+-++',
    more: { successThreshold: 2 },
    passing: true,
    restart: false,
  },
])('$name', ({ kind, results, more, passing, restart }) => {
  const asked = { ...probe, ...more }
  let state = initialState(kind)
  for (const result of results) state = judge(state, { ok: result === '+', probe: asked })
  expect({ passing: state.passing, restart: asksForRestart(kind, { state, probe: asked }) }).toEqual({
    passing,
    restart,
  })
})

test.each([
  { name: 'the next of the period', isEager: false, eager: 0, at: 10_000 },
  { name: 'soon, while it was never up', isEager: true, eager: 0, at: 25 },
  { name: 'then less and less often', isEager: true, eager: 4, at: 400 },
  { name: 'never later than the period', isEager: true, eager: 9, at: 10_000 },
])('tries $name', ({ isEager, eager, at }) => {
  expect(nextTry({ countedAt: 10_000, eager }, { now: 0, isEager })).toBe(at)
})

test.each<{ name: string; kind: ProbeKind; more?: Partial<Probe>; eager: boolean }>([
  { name: 'readiness over the network', kind: 'readiness', eager: true },
  { name: 'startup over the network', kind: 'startup', eager: true },
  { name: 'liveness', kind: 'liveness', eager: false },
  { name: 'a command', kind: 'readiness', more: { exec: { command: ['true'] } }, eager: false },
  { name: 'several successes', kind: 'readiness', more: { successThreshold: 2 }, eager: false },
])('eager: $name', ({ kind, more, eager }) => {
  expect(mayBeEager(kind, { ...probe, ...more })).toBe(eager)
})
