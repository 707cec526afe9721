/** `gantry rollback` where the followed branch is elsewhere: one new commit arrives there and is applied, or nothing changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import { ask } from './poll.ts'
import { GitHost, Remote, helloAt, someNodePort } from './remote.ts'

const uid = 1000

describeWith(['root', 'git'], 'a rollback at a remote', () => {
  describe.each(['http', 'path'] as const)('by %s', kind => {
    const nodePort = someNodePort()
    const hello = `http://127.0.0.1:${nodePort}/`
    let remote: Remote
    let host: GitHost
    let gantry: Gantry
    let commits: string[]
    beforeAll(async () => {
      remote = await Remote.create({ uid })
      host = new GitHost(remote, { uid })
      await host.open()
      commits = [await deploy('1')]
      const repo = kind === 'http' ? host.urlWithPassword : remote.path
      gantry = await Gantry.up({ uid, args: ['--runtime', 'process', '--interval', '1', '--repo', repo] })
      await runs('1')
    })
    afterAll(async () => {
      await gantry?.down()
      await host?.close()
      remote?.remove()
    })

    function deploy(version: string): Promise<string> {
      return remote.commit(`Version ${version}`, { 'hello.yaml': helloAt(nodePort, version), 'run.sh': '#!/bin/sh\n' })
    }
    async function runs(version: string): Promise<void> {
      await gantry.until(
        `version ${version}`,
        async () => (await ask(hello)) === `Hello from Gantry, version ${version}\n`,
      )
      await gantry.until('healthy', async () => /● Healthy/.test((await gantry.cli('status')).stdout))
      await gantry.until('alone', async () => (await pods()).length === 2)
    }
    const head = (): Promise<string> => remote.bare('rev-parse', 'main')
    const tree = (commit: string): Promise<string> => remote.bare('rev-parse', `${commit}^{tree}`)

    async function pods(): Promise<string[]> {
      const { items } = await gantry.api<{ items: { metadata: { uid: string } }[] }>('/api/v1/pods')
      return items.map(({ metadata }) => metadata.uid).sort()
    }

    /** It says why, and neither the branch there, nor the one here, nor what runs is another. */
    async function isRefused(says: RegExp, { version, at }: { version: string; at: string }): Promise<void> {
      const before = await pods()
      const refused = await gantry.cli('rollback', commits[0] ?? '')
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toMatch(says)
      expect(await head()).toBe(at)
      const history = await gantry.api<{ items: { revision: { commit: string } }[] }>('/gantry/v1/history')
      expect(history.items[0]?.revision.commit).toBe(at)
      expect(await ask(hello)).toBe(`Hello from Gantry, version ${version}\n`)
      expect(await pods()).toEqual(before)
    }

    test('without a commit: the last healthy one, as one new commit there, which then runs', async () => {
      commits.push(await deploy('2'))
      await runs('2')
      const done = await gantry.cli('rollback')
      expect(done).toMatchObject({ code: 0 })
      expect(done.stdout).toBe(`${await head()}\n`)
      expect(await remote.bare('log', '-1', '--format=%P %an %s', 'main')).toBe(
        `${commits[1]} Gantry Roll back to ${commits[0]?.slice(0, 7)}: Version 1`,
      )
      expect(await tree('main')).toBe(await tree(commits[0] ?? ''))
      await runs('1')
      expect(gantry.output).toMatch(new RegExp(`${(await head()).slice(0, 7)} applied: Roll back to`))
    })

    test('with a commit: that one', async () => {
      await remote.git('fetch', '--quiet', 'origin')
      await remote.git('reset', '--quiet', '--hard', 'origin/main')
      commits.push(await deploy('3'))
      await runs('3')
      expect(await gantry.cli('rollback', commits[1]?.slice(0, 10) ?? '')).toMatchObject({ code: 0 })
      expect(await remote.bare('rev-parse', 'main~1')).toBe(commits[2])
      expect(await tree('main')).toBe(await tree(commits[1] ?? ''))
      await runs('2')
    })

    test('refused by a rule there', async () => {
      remote.hook('update', '[ "$1" = refs/heads/main ] || exit 0; echo "main is protected" >&2; exit 1')
      const at = await head()
      await isRefused(
        /^gantry: the rollback cannot be pushed to main: git push of \S+ failed: .*main is protected.*let the user or key with which Gantry comes push that branch, whatever rule or hook forbids it; or roll back in a clone: git revert COMMIT && git push/s,
        { version: '2', at },
      )
      remote.hook('update')
      expect(await gantry.cli('rollback', commits[0] ?? '')).toMatchObject({ code: 0 })
      await runs('1')
    })

    if (kind === 'path') return

    test.each([
      { when: 'before the push looks', what: /^GET .*git-receive-pack/ },
      { when: 'between its look and its push', what: /^POST .*git-receive-pack/ },
    ])('somebody pushes $when: they keep their commit, and the next try counts it in', async ({ what }) => {
      await remote.git('fetch', '--quiet', 'origin')
      await remote.git('reset', '--quiet', '--hard', 'origin/main')
      await deploy('3')
      await runs('3')
      // What is pushed from here on is the rollback.
      await gantry.until('mirrored', () => remote.mirrors(gantry))
      const theirVersion = what.source.includes('GET') ? '4' : '5'
      let theirs: string | undefined
      host.before = async asked => {
        if (theirs !== undefined || !what.test(asked)) return
        theirs = ''
        theirs = await deploy(theirVersion)
      }
      const refused = await gantry.cli('rollback', commits[1] ?? '')
      host.before = undefined
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toMatch(
        /^gantry: somebody pushed to main at the same moment, so nothing was rolled back.*look at what came \(gantry history\), then roll back again/s,
      )
      expect(await head()).toBe(theirs)
      await runs(theirVersion)
      expect(await gantry.cli('rollback', commits[1] ?? '')).toMatchObject({ code: 0 })
      expect(await remote.bare('rev-parse', 'main~1')).toBe(theirs)
      expect(await tree('main')).toBe(await tree(commits[1] ?? ''))
      await runs('2')
    })

    test('a remote that takes it and breaks off before it says so', async () => {
      await gantry.until('mirrored', () => remote.mirrors(gantry))
      host.conduct = 'keep silent about a push'
      const done = await gantry.cli('rollback', commits[0] ?? '')
      host.conduct = 'serve'
      expect(done).toMatchObject({ code: 0, stdout: `${await head()}\n` })
      await runs('1')
    })

    test('a remote that is away', async () => {
      const at = await head()
      await host.close()
      await isRefused(
        /^gantry: the rollback needs the newest commit: git fetch of \S+ failed: .*; or roll back in a clone/s,
        { version: '1', at },
      )
    })
  })
})
