/**
 * Loaded before a program of Gantry's (`node --import`), it numbers the program's effects and ends it with SIGKILL at
 * one of them. Which one is the content of `$GANTRY_EFFECTS/<engine|agent>.arm`, read (and removed, so that the next
 * process runs through) when the process starts and at each SIGUSR2; there the count so far is left in `.count`, and
 * begins again. `.pid` says who listens; a process that is killed says at what in `.died`.
 *
 * Plain JavaScript: it runs inside the built program, where nothing strips types.
 */
import childProcess from 'node:child_process'
import fs from 'node:fs'
import http2 from 'node:http2'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const { existsSync, readFileSync, unlinkSync, writeFileSync } = fs
const folder = process.env.GANTRY_EFFECTS ?? ''
const role = isMainThread ? roleOf(process.argv) : undefined
let count = 0
let killAt = 0

if (role !== undefined) {
  arm()
  process.on('SIGUSR2', () => {
    writeFileSync(join(folder, `${role}.count`), String(count))
    arm()
  })
  writeFileSync(join(folder, `${role}.pid`), String(process.pid))
  await wrapFiles()
  wrapSockets()
  wrapSessions()
  syncBuiltinESMExports()
}

function roleOf([, program = '', command]) {
  if (basename(program) === 'gantry.js' && command === 'up') return 'engine'
  return basename(program) === 'agent.js' ? 'agent' : undefined
}

function arm() {
  const order = join(folder, `${role}.arm`)
  count = 0
  killAt = 0
  if (!existsSync(order)) return
  killAt = Number(readFileSync(order, 'utf8'))
  unlinkSync(order)
}

function effect(name, subject) {
  if (++count !== killAt) return
  writeFileSync(join(folder, `${role}.died`), `${count}: ${name} ${String(subject)}`)
  process.kill(process.pid, 'SIGKILL')
}

/** Counts each call of a function that `isEffect`, and where it returns a promise its end too. */
function wrap(owner, name, { isEffect = () => true, subject = args => args[0] } = {}) {
  const original = owner[name]
  owner[name] = function counted(...args) {
    if (!isEffect.call(this, ...args)) return original.apply(this, args)
    effect(name, subject(args))
    const result = original.apply(this, args)
    if (typeof result?.then !== 'function') return result
    return result.then(value => {
      effect(`${name}, done,`, subject(args))
      return value
    })
  }
}

async function wrapFiles() {
  const handle = await fs.promises.open(fileURLToPath(import.meta.url))
  const fileHandle = Object.getPrototypeOf(handle)
  await handle.close()
  for (const name of ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate', 'chmod', 'chown']) {
    wrap(fileHandle, name, { subject: () => 'of an open file' })
  }
  const changes = ['appendFile', 'chmod', 'chown', 'copyFile', 'link', 'mkdir', 'mkdtemp', 'rename']
  for (const name of [...changes, 'rm', 'rmdir', 'symlink', 'truncate', 'unlink', 'utimes', 'writeFile']) {
    wrap(fs.promises, name)
    wrap(fs, `${name}Sync`)
  }
  const isEffect = (_, flags = 'r') => flags !== 'r' && flags !== fs.constants.O_RDONLY
  wrap(fs.promises, 'open', { isEffect })
  wrap(fs, 'openSync', { isEffect })
  // What a program says on its own stdout and stderr changes nothing.
  for (const name of ['writeSync', 'writevSync']) wrap(fs, name, { isEffect: descriptor => descriptor > 2 })
  wrap(fs, 'fsyncSync')
  wrap(fs, 'fdatasyncSync')
}

/** Spawns, what is written to the children's stdin (objects to git), and to Unix sockets (Docker, the proxy). */
function wrapSockets() {
  const counted = new WeakSet()
  for (const name of ['execFileSync', 'spawnSync']) wrap(childProcess, name)
  const { spawn } = childProcess.ChildProcess.prototype
  childProcess.ChildProcess.prototype.spawn = function countedSpawn(options) {
    const subject = options.args?.join(' ').slice(0, 200)
    effect('spawn', subject)
    const result = spawn.call(this, options)
    effect('spawn, done,', subject)
    if (this.stdin) counted.add(this.stdin)
    return result
  }
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function countedConnect(...args) {
    const [to] = Array.isArray(args[0]) ? args[0] : args
    if (typeof to === 'string' || to?.path) counted.add(this)
    return connect.apply(this, args)
  }
  const options = {
    isEffect() {
      return counted.has(this)
    },
    subject: () => 'to a child or a Unix socket',
  }
  wrap(net.Socket.prototype, '_write', options)
  wrap(net.Socket.prototype, '_writev', options)
}

/** The session of engine and agent: HTTP/2, whose native code writes to the socket itself. */
function wrapSessions() {
  let wrapped = false
  const wrapStreams = stream => {
    if (wrapped) return stream
    wrapped = true
    const http2Stream = Object.getPrototypeOf(Object.getPrototypeOf(stream))
    for (const name of ['_write', '_writev']) wrap(http2Stream, name, { subject: () => 'to the session' })
    return stream
  }
  const { connect, performServerHandshake } = http2
  http2.connect = (...args) => {
    const session = connect(...args)
    const { request } = session
    session.request = (headers, ...rest) => {
      effect('request', headers?.[':path'])
      return wrapStreams(request.call(session, headers, ...rest))
    }
    return session
  }
  http2.performServerHandshake = (...args) => performServerHandshake(...args).prependListener('stream', wrapStreams)
}
