/** The lab itself: it ends with whoever started it, and its weather is felt. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { ask } from './ask.ts'
import { Machine } from './machine.ts'
import { sweep } from './sweep.ts'
import { Switch } from './switch.ts'

describeWith(['root', 'ip', 'git'], 'npm run lab', () => {
  test('killed, it leaves no process behind, and the next start removes its folder', async () => {
    const script = fileURLToPath(new URL('../../scripts/lab.mjs', import.meta.url))
    const lab = spawn(process.execPath, [script, '--nodes', '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let words = ''
    lab.stdout.setEncoding('utf8').on('data', (text: string) => (words += text))
    for (let tries = 0; !words.includes('cut off'); tries++) {
      if (tries === 600 || lab.exitCode !== null) throw new Error(`no lab: ${words}`)
      await sleep(100)
    }
    const folder = /(\S+)\/gantry get nodes/.exec(words)?.[1] ?? ''
    const machine = Number(/--target (\d+)/.exec(words)?.[1])
    expect([existsSync(folder), existsSync(`/proc/${machine}`)]).toEqual([true, true])
    await sweep()
    expect(existsSync(folder)).toBe(true)
    lab.kill('SIGKILL')
    await once(lab, 'exit')
    for (let tries = 0; existsSync(`/proc/${machine}`) && tries < 100; tries++) await sleep(50)
    await sweep()
    expect([existsSync(folder), existsSync(`/proc/${machine}`)]).toEqual([false, false])
  })
})

describeWith(['root', 'ip', 'nft'], 'the switch', () => {
  let folder: string
  let net: Switch
  let one: Machine
  let two: Machine
  let address: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-switch-'))
    const place = (name: string): string => {
      mkdirSync(join(folder, name))
      return join(folder, name)
    }
    net = await Switch.start(place('switch'))
    one = await Machine.start('one', place('one'))
    two = await Machine.start('two', place('two'))
    await net.join(one)
    address = await net.join(two)
    two.start('server', [process.execPath, '-e', "require('net').createServer(s => s.end('there')).listen(80)"])
    while ((await asked()) !== 'there') await sleep(50)
  })
  afterAll(async () => {
    await Promise.all([one, two].map(machine => machine?.stop()))
    await net?.stop()
    rmSync(folder, { recursive: true })
  })
  function asked(): Promise<string> {
    return ask(one, address, 80).catch(() => 'nothing')
  }
  async function answerMs(): Promise<number> {
    const began = performance.now()
    await ask(one, address, 80)
    return performance.now() - began
  }

  test('it loses packets, and cuts off, until it is told to stop', async () => {
    await net.weather(two, { lossPercent: 100 })
    expect(await asked()).toBe('nothing')
    await net.weather(two, {})
    expect(await asked()).toBe('there')
    await net.cut(two)
    expect(await asked()).toBe('nothing')
    await net.mend(two)
    expect(await asked()).toBe('there')
  })

  describeWith(['netem'], 'with netem', () => {
    test('it delays packets both ways', async () => {
      await net.weather(two, { delayMs: 100 })
      // There and back for the connection, and the answer's way: the switch and the machine delay one direction each.
      expect(await answerMs()).toBeGreaterThan(300)
      await net.weather(two, {})
      expect(await answerMs()).toBeLessThan(300)
    })
  })
})
