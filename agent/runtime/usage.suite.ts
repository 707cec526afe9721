/** What running containers are said to use. */
import { expect, test } from 'vitest'
import type { ContainerCounters } from './counters.ts'
import type { Ground } from './runtime.fixture.ts'
import { until } from './runtime.fixture.ts'

export function usageSuite(ground: Ground): void {
  const { container } = ground

  async function countersOf(name: string): Promise<ContainerCounters> {
    const all = await ground.runtime.usage()
    const found = all.filter(one => one.podUid === ground.pod.podUid && one.container === name)
    expect(found).toHaveLength(1)
    return found[0] as ContainerCounters
  }

  test('one that works uses cpu, one that sleeps does not; what a child used stays counted after its end', async () => {
    await ground.runtime.startContainer(container('while :; do :; done', { name: 'busy' }))
    await ground.runtime.startContainer(container('sleep 1000', { name: 'idle' }))
    const children = '(n=0; while [ $n -lt 300000 ]; do n=$((n + 1)); done); echo worked; sleep 1000'
    const { id } = await ground.runtime.startContainer(container(children, { name: 'parent' }))
    await until(
      () => ground.textOf(id, { follow: false }),
      lines => lines.includes('worked'),
    )
    const [busy, idle] = [await countersOf('busy'), await countersOf('idle')]
    const later = await until(
      () => countersOf('busy'),
      ({ cpuNanoseconds }) => cpuNanoseconds > busy.cpuNanoseconds + 200_000_000,
    )
    expect(later.memoryBytes).toBeGreaterThan(0)
    expect((await countersOf('parent')).cpuNanoseconds).toBeGreaterThan(50_000_000)
    // What it took to start counts too, more of it on a busy machine.
    expect((await countersOf('idle')).cpuNanoseconds - idle.cpuNanoseconds).toBeLessThan(50_000_000)
  })

  test('memory that is held counts', async () => {
    const megabytes = 'x=$(head -c 20000000 /dev/zero | tr "\\\\0" x); echo held; sleep 1000; echo $x'
    const { id } = await ground.runtime.startContainer(container(megabytes, { name: 'full' }))
    await until(
      () => ground.textOf(id, { follow: false }),
      lines => lines.includes('held'),
    )
    expect((await countersOf('full')).memoryBytes).toBeGreaterThan(15_000_000)
  })

  test('one that has ended uses nothing', async () => {
    await ground.ran(container('true', { name: 'done' }))
    expect((await ground.runtime.usage()).filter(one => one.podUid === ground.pod.podUid)).toEqual([])
  })
}
