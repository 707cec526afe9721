/** What tests of the docker runtime share. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function dockerSocket(): string {
  return (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '')
}

/** An image with busybox and nothing else, made on the spot: no registry is needed. The caller removes it. */
export function busyboxImage(): string {
  const name = `gantry-test-busybox:${randomUUID().slice(0, 8)}`
  const root = mkdtempSync(join(tmpdir(), 'gantry-image-'))
  for (const folder of ['bin', 'etc', 'tmp', 'opt']) mkdirSync(join(root, folder))
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of [
    'sh',
    'echo',
    'cat',
    'env',
    'grep',
    'sort',
    'sleep',
    'yes',
    'head',
    'true',
    'nc',
    'touch',
    'rm',
    'stty',
    'test',
    'kill',
    'tar',
    'tty',
    'tr',
  ]) {
    symlinkSync('busybox', join(root, 'bin', applet))
  }
  const archive = execFileSync('tar', ['--create', '--directory', root, '.'], { maxBuffer: 64 * 1024 * 1024 })
  execFileSync('docker', ['import', '-', name], { input: archive, stdio: ['pipe', 'ignore', 'inherit'] })
  rmSync(root, { recursive: true, force: true })
  return name
}
