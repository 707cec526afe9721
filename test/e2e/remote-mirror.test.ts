/** The record and the notes at the followed remote: they arrive, seldom enough, and catch up however long it was away. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import { GitHost, Remote, menu, servedBy } from './remote.ts'

const uid = 1000

interface Status {
  record: { mirror: { url: string; lagSeconds: number; problem?: string } }
}

describeWith(['root', 'git'], 'the mirror', () => {
  let remote: Remote
  let host: GitHost
  let gantry: Gantry
  let dishes = 0
  beforeAll(async () => {
    remote = await Remote.create({ uid })
    await remote.commit('Nothing yet', menu('water'))
    host = new GitHost(remote, { uid })
    await host.open()
    gantry = await Gantry.up({
      uid,
      args: ['--runtime', 'process', '--interval', '1', '--repo', host.urlWithPassword],
    })
  })
  afterAll(async () => {
    await gantry?.down()
    await host?.close()
    remote?.remove()
  })

  /** One more commit of the followed branch, applied and so recorded. */
  async function another(): Promise<string> {
    const dish = `dish-${++dishes}`
    const commit = await remote.commit(dish, menu(dish))
    await gantry.until(`serving ${dish}`, async () => (await servedBy(gantry)) === dish)
    return commit
  }
  async function mirror(): Promise<Status['record']['mirror']> {
    return (await gantry.api<Status>('/gantry/v1/status')).record.mirror
  }

  test('the record and the notes arrive as they are here, for git log to read', async () => {
    const commit = await another()
    await gantry.until('mirrored', () => remote.mirrors(gantry))
    const record = await remote.bare('log', '--format=%B', 'observed/hello')
    expect(record).toContain(`Desired-Commit: ${commit}\n`)
    expect(await remote.bare('show', 'observed/hello:namespaces/default/configmaps/menu.yaml')).toContain(
      `dish: dish-${dishes}`,
    )
    const log = await remote.bare('log', '-1', '--notes=gantry/*', 'main')
    expect(log).toMatch(/Notes \(gantry\/hello\):\n\s+Applied: 2\S+\n\s+Healthy: 2/)
    await gantry.until('known to be mirrored', async () => (await mirror()).lagSeconds === 0)
  })

  test('however much is recorded, it comes at most every 10 s', async () => {
    host.asked.length = 0
    const heads = new Set<string>()
    const end = Date.now() + 12_000
    while (Date.now() < end) {
      await another()
      heads.add(await gantry.api<{ record: { commit: string } }>('/gantry/v1/status').then(each => each.record.commit))
    }
    await gantry.until('mirrored', () => remote.mirrors(gantry))
    const pushes = host.asked.filter(({ what, user }) => user !== undefined && /^POST .*receive-pack/.test(what))
    const pauses = pushes.slice(1).map(({ at }, index) => at - (pushes[index]?.at ?? 0))
    expect(pauses.length).toBeGreaterThanOrEqual(1)
    // From the end of one to the begin of the next.
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(9_900)
    expect(heads.size).toBeGreaterThan(2 * pushes.length)
    // Nothing is lost on the way: every state that was recorded is in the history there.
    const history = new Set((await remote.bare('rev-list', 'observed/hello')).split('\n'))
    expect([...heads].filter(head => !history.has(head))).toEqual([])
  })

  test('a remote that is away: the lag and the reason are told, what runs is kept, and all of it arrives later', async () => {
    const before = await remote.bare('rev-parse', 'observed/hello')
    await host.close()
    // The source that cannot be read is recorded, which is something to copy.
    await gantry.until('behind', async () => (await mirror()).problem !== undefined, 40)
    await gantry.until('lagging', async () => (await mirror()).lagSeconds >= 5, 40)
    const { stdout } = await gantry.cli('status')
    expect(stdout).toMatch(/Record +observed\/hello [0-9a-f]{7}, copied to http:\S+ \d+s behind\n/)
    expect(stdout).toMatch(
      /✖ The observed branch is not copied: git push of http:\S+ failed: .*; check the network and the address; it is tried again/,
    )
    expect(await servedBy(gantry)).toBe(`dish-${dishes}`)
    expect(await remote.bare('rev-parse', 'observed/hello')).toBe(before)

    // Neither what was decided meanwhile nor what an earlier start had not copied yet is lost.
    await gantry.stop()
    await gantry.start()
    await host.open()
    await another()
    await gantry.until('caught up', () => remote.mirrors(gantry), 40)
    await gantry.until('known to be mirrored', async () => (await mirror()).lagSeconds === 0)
    expect(await remote.bare('merge-base', before, 'observed/hello')).toBe(before)
    expect((await gantry.cli('status')).stdout).not.toMatch(/✖/)
  })

  test('where another writes the observed branch it is left alone, and the remedy is told and helps', async () => {
    await remote.git('push', '--quiet', '--force', 'origin', 'HEAD:observed/hello')
    const foreign = await remote.git('rev-parse', 'HEAD')
    await another()
    await gantry.until('refused', async () => (await mirror()).problem !== undefined, 40)
    expect((await gantry.cli('status')).stdout).toMatch(
      /✖ The observed branch is not copied: git push of http:\S+ failed: .*rejected.*; let Gantry alone write the observed branch of the remote, or delete it there once/,
    )
    expect(await remote.bare('rev-parse', 'observed/hello')).toBe(foreign)
    await remote.bare('update-ref', '-d', 'refs/heads/observed/hello')
    await gantry.until('caught up', () => remote.mirrors(gantry), 40)
  })
})
