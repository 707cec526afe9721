import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { createProgram } from './program.ts'

let root: string
let printed: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-install-'))
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true })
})

async function gantry(...words: readonly string[]): Promise<string> {
  await createProgram().parseAsync([...words], { from: 'user' })
  return printed
}

const execStart = (text: string): string => /^ExecStart=(.*)$/m.exec(text)?.[1] ?? ''

test.each([
  {
    name: 'an engine',
    words: ['engine', '--dry-run', '--agents-listen', '10.0.0.1:7421', '--tls-san', 'box'],
    starts: / engine --data \/var\/lib\/gantry --agents-listen 10\.0\.0\.1:7421 --tls-san box$/,
  },
  {
    name: 'an agent, without its token',
    words: ['agent', '--join', 'box:7421', '--token', 'gantry.a.b', '--name', 'two', '--label', 'zone=a', '--dry-run'],
    starts: / agent --data \/var\/lib\/gantry-agent --join box:7421 --name two --label zone=a$/,
  },
  {
    name: 'a token in one word, and a folder of its own',
    words: ['agent', '--dry-run', '--token=gantry.a.b', '--token-file', '/root/token', '--data', '/srv/node'],
    starts: / agent --data \/srv\/node$/,
  },
])('shown first: $name', async ({ words, starts }) => {
  const text = await gantry('install', ...words)
  expect(execStart(text)).toMatch(starts)
  expect(text).not.toContain('gantry.a.b')
  expect(text).toContain('# then: systemctl daemon-reload\n')
})

test.each([
  { words: ['engine', '--dry-run', '--runtime', 'docker'], error: 'gantry engine has no "--runtime"' },
  { words: ['agent', '--dry-run', 'stray'], error: 'gantry agent has no "stray"' },
  { words: ['agent', '--dry-run', '--runtime', 'podman'], error: "argument 'podman' is invalid" },
])('refused: $words', async ({ words, error }) => {
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  await expect(gantry('install', ...words)).rejects.toThrow(error)
})

describeWith(['systemd'], 'into the root of another system', () => {
  test.each(['engine', 'agent'] as const)('%s: enabled as systemd would have it, and taken away again', async kind => {
    const unit = join(root, `etc/systemd/system/gantry-${kind}.service`)
    const wanted = join(root, `etc/systemd/system/multi-user.target.wants/gantry-${kind}.service`)
    const label = kind === 'agent' ? ['--label', 'a=b'] : []
    await gantry('install', kind, '--root', root, '--data', '/srv/50% of $HOME', ...label)
    expect(lstatSync(wanted).isSymbolicLink()).toBe(true)
    expect(readFileSync(unit, 'utf8')).toContain(`KillMode=${kind === 'agent' ? 'process' : 'mixed'}`)
    // It complains of what systemd would not take.
    execFileSync('systemd-analyze', ['verify', '--man=no', unit], { stdio: 'pipe' })
    await gantry('uninstall', kind, '--root', root)
    expect(existsSync(unit)).toBe(false)
    expect(() => lstatSync(wanted)).toThrow('ENOENT')
    await expect(gantry('uninstall', kind, '--root', root)).rejects.toThrow('is not installed')
  })
})
