/** A followed repository on this machine: bare or a working copy, the own one or somebody else's. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import { Remote, menu, servedBy } from './remote.ts'

const uid = 1000
/** Whose account need not exist. */
const neighbour = 1001

describeWith(['root', 'git'], 'a repository on this machine', () => {
  let gantry: Gantry | undefined
  afterEach(async () => {
    await gantry?.down()
    gantry = undefined
  })

  async function follow(repo: string): Promise<Gantry> {
    gantry = await Gantry.up({ uid, args: ['--runtime', 'process', '--interval', '1', '--repo', repo] })
    return gantry
  }
  async function serves(running: Gantry, dish: string): Promise<void> {
    await running.until(`serving ${dish}`, async () => (await servedBy(running)) === dish)
  }

  test.each([
    { name: 'a path', repo: ({ path }: Remote) => path },
    { name: 'a path from here', repo: ({ path }: Remote) => path.replace('/tmp/', '../') },
    { name: 'file://', repo: ({ path }: Remote) => `file://${path}` },
  ])('by $name: what is pushed there arrives', async ({ repo }) => {
    const remote = await Remote.create({ uid })
    try {
      await remote.commit('Soup', menu('soup'))
      const running = await follow(repo(remote))
      await serves(running, 'soup')
      await remote.commit('Fish', menu('fish'))
      await serves(running, 'fish')
    } finally {
      remote.remove()
    }
  })

  test('a working copy: its commits arrive, and no branch is moved under the feet of who works there', async () => {
    const remote = await Remote.create({ uid })
    try {
      const first = await remote.commit('Soup', menu('soup'))
      const running = await follow(join(remote.folder, 'work'))
      await serves(running, 'soup')
      const second = await remote.commit('Fish', menu('fish'))
      await serves(running, 'fish')
      const refused = await running.cli('rollback', first)
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toMatch(
        /^gantry: the rollback cannot be pushed to main: git push of \S+ failed: .*checked out.*; make that a bare repository, or check out another branch there; or roll back in a clone/s,
      )
      expect(await remote.git('rev-parse', 'main')).toBe(second)
      await running.until('mirrored', async () => (await remote.git('branch', '--list', 'observed/*')) !== '')
      await remote.git('switch', '--quiet', '--create', 'another')
      expect(await running.cli('rollback', first)).toMatchObject({ code: 0 })
      await serves(running, 'soup')
    } finally {
      remote.remove()
    }
  })

  test("somebody else's: it is read, but their hooks run as this user only where this user trusts them", async () => {
    const remote = await Remote.create({ uid: neighbour })
    try {
      await remote.commit('Soup', menu('soup'))
      const trace = join(remote.folder, 'trace')
      remote.hook('post-receive', `id -u >>${trace}`)
      execFileSync('chmod', ['-R', 'a+rwX', remote.folder])
      const running = await follow(remote.path)
      await serves(running, 'soup')
      const refused =
        /✖ The observed branch is not copied: git push of \S+ failed: .*dubious ownership.*; run Gantry as the repository's owner; or, where the hooks there may run as this user: git config --global --add safe\.directory FOLDER/
      await running.until('refused', async () => refused.test((await running.cli('status')).stdout))
      expect(existsSync(trace)).toBe(false)

      await running.run('git', ['config', '--global', '--add', 'safe.directory', remote.path])
      await running.until('mirrored', () => remote.mirrors(running), 40)
      const told = (): readonly string[] => (existsSync(trace) ? (readFileSync(trace, 'utf8').match(/.+/g) ?? []) : [])
      await running.until('told by the hook', async () => told().length > 0)
      expect(new Set(told())).toEqual(new Set([`${uid}`]))
    } finally {
      remote.remove()
    }
  })

  test('that is not there is told, and followed once it is', async () => {
    const remote = await Remote.create({ uid })
    try {
      await remote.commit('Soup', menu('soup'))
      const away = `${remote.path}.away`
      execFileSync('mv', [remote.path, away])
      const running = await follow(remote.path)
      const says =
        /cannot be read: git fetch of \S+ failed: .*does not appear to be a git repository.*; check the address/i
      await running.until('told', async () => says.test((await running.cli('status')).stdout))
      expect(running.output).toMatch(says)
      execFileSync('mv', [away, remote.path])
      await serves(running, 'soup')
    } finally {
      remote.remove()
    }
  })
})
