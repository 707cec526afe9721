import { expect, test } from 'vitest'
import { agreedVersion } from './versions.ts'

test.each([
  { name: 'the same', agent: { oldest: 2, newest: 2 }, engine: { oldest: 2, newest: 2 }, agreed: 2 },
  { name: 'a newer agent', agent: { oldest: 2, newest: 4 }, engine: { oldest: 1, newest: 3 }, agreed: 3 },
  { name: 'a newer engine', agent: { oldest: 1, newest: 2 }, engine: { oldest: 2, newest: 5 }, agreed: 2 },
])('$name', ({ agent, engine, agreed }) => {
  expect(agreedVersion(agent, engine)).toBe(agreed)
})

test.each([
  {
    name: 'an agent that is too old',
    agent: { oldest: 1, newest: 1 },
    engine: { oldest: 2, newest: 3 },
    message: 'the agent speaks version 1 of the protocol, the engine versions 2 to 3',
    remedy: 'upgrade Gantry on the node',
  },
  {
    name: 'an engine that is too old',
    agent: { oldest: 3, newest: 4 },
    engine: { oldest: 2, newest: 2 },
    message: 'the agent speaks versions 3 to 4 of the protocol, the engine version 2',
    remedy: "upgrade Gantry on the engine's machine",
  },
])('$name', ({ agent, engine, message, remedy }) => {
  expect(() => agreedVersion(agent, engine)).toThrow(expect.objectContaining({ message, remedy }))
})
