/** Sandboxes and containers, from their making to their removal. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RuntimeEvent } from './runtime.ts'
import { StartError } from './runtime.ts'
import type { Ground } from './runtime.fixture.ts'
import { until } from './runtime.fixture.ts'

export function lifecycleSuite(ground: Ground): void {
  const { container, ran, stateOf, textOf, reopened } = ground

  test('a sandbox made twice is one, and gone once removed', async () => {
    const again = await ground.runtime.createSandbox(ground.pod)
    expect(again).toEqual({
      podUid: ground.pod.podUid,
      namespace: 'shop',
      name: 'web-0',
      ip: ground.pod.ip,
      ready: true,
      containers: [],
    })
    expect((await ground.runtime.list()).filter(one => one.podUid === ground.pod.podUid)).toEqual([again])
    await ground.runtime.removeSandbox(ground.pod.podUid)
    await ground.runtime.removeSandbox(ground.pod.podUid)
    expect((await ground.runtime.list()).filter(one => one.podUid === ground.pod.podUid)).toEqual([])
  })

  test('ends on SIGTERM within the grace period', async () => {
    const { id } = await ground.runtime.startContainer(
      container("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"),
    )
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('ready'),
    )
    await ground.runtime.stopContainer(id, { graceSeconds: 20 })
    expect(await stateOf(id)).toMatchObject({ kind: 'exited', exitCode: 7 })
    expect(await textOf(id, { follow: false })).toEqual(['ready', 'bye'])
  })

  test('is killed with all that it started when it does not end in time', async () => {
    const { id } = await ground.runtime.startContainer(
      container("trap '' TERM; sleep 1000 & echo ready; while :; do sleep 0.05; done"),
    )
    await until(
      () => textOf(id, { follow: false }),
      lines => lines.includes('ready'),
    )
    await ground.runtime.stopContainer(id, { graceSeconds: 1 })
    expect(await stateOf(id)).toMatchObject({ kind: 'exited', exitCode: 137 })
  })

  test('the same start again adopts the container, also after a crash of the agent', async () => {
    const spec = container('echo started; sleep 1000')
    const first = await ground.runtime.startContainer(spec)
    const [second, third] = await Promise.all([
      ground.runtime.startContainer(spec),
      ground.runtime.startContainer(spec),
    ])
    const other = await reopened()
    const adopted = await other.startContainer(spec)
    expect([second, third, adopted]).toEqual([first, first, first])
    expect(await stateOf(first.id, other)).toEqual(first.state)
    await until(
      () => textOf(first.id, { follow: false }),
      lines => lines.length > 0,
    )
    expect(await textOf(first.id, { follow: false })).toEqual(['started'])
    const next = await ground.runtime.startContainer({ ...spec, attempt: 1 })
    expect(next.id).not.toBe(first.id)
  })

  test('tells of starts and ends', async () => {
    const events: RuntimeEvent[] = []
    const stop = ground.runtime.watch(event => events.push(event))
    const { id } = await ground.runtime.startContainer(container('sleep 0.1; exit 4'))
    await until(
      async () => events,
      seen => seen.some(event => event.kind === 'container' && event.status.state.kind === 'exited'),
    )
    stop()
    const states = events.flatMap(event =>
      event.kind === 'container' && event.status.id === id ? [event.status.state.kind] : [],
    )
    expect(states.at(-1)).toBe('exited')
    expect(states).toContain('running')
  })

  test('removes a container with its log', async () => {
    const { id } = await ran(container('echo gone'))
    await ground.runtime.removeContainer(id)
    await ground.runtime.removeContainer(id)
    expect(await stateOf(id)).toBeUndefined()
  })

  test('refuses what cannot run, and leaves nothing of it', async () => {
    const missing = container('', { command: ['gantry-no-such-program'], args: [] })
    await expect(ground.runtime.startContainer(missing)).rejects.toThrow(StartError)
    await expect(ground.runtime.startContainer(missing)).rejects.toThrow('gantry-no-such-program')
    const noSource = container('', {
      mounts: [{ hostPath: join(ground.volume, 'nowhere'), containerPath: '/x', readOnly: false }],
    })
    const says = ground.runtime.mountsRefused === undefined ? join(ground.volume, 'nowhere') : 'mounts a volume'
    await expect(ground.runtime.startContainer(noSource)).rejects.toThrow(says)
    const root = container('', { securityContext: { runAsNonRoot: true, runAsUser: 0 } })
    await expect(ground.runtime.startContainer(root)).rejects.toThrow(StartError)
    expect((await ground.runtime.list()).find(one => one.podUid === ground.pod.podUid)?.containers).toEqual([])
  })

  test('removing a sandbox ends its containers', async () => {
    const { id } = await ground.runtime.startContainer(container('sleep 1000'))
    await ground.runtime.removeSandbox(ground.pod.podUid)
    expect(await stateOf(id)).toBeUndefined()
  })
}
