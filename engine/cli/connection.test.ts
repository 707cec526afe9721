import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectionPath, forgetConnection, readConnection, readSaved, saveConnection } from './connection.ts'
import { CliError } from './failure.ts'

let home: string
let env: Record<string, string>
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gantry-connection-'))
  env = { XDG_STATE_HOME: home }
  writeFileSync(join(home, 'token'), 'saved-token\n')
  writeFileSync(join(home, 'ca.crt'), 'CA')
})
afterEach(() => rmSync(home, { recursive: true }))

function save(server = 'http://127.0.0.1:7420'): void {
  saveConnection({ server, tokenFile: join(home, 'token'), cluster: 'hello', data: '/data' }, env)
}

test('what gantry up saved is found, by its owner alone', () => {
  save()
  expect(readConnection({}, env)).toEqual({ server: 'http://127.0.0.1:7420', token: 'saved-token' })
  expect(statSync(connectionPath(env)).mode & 0o777).toBe(0o600)
  expect(connectionPath({ HOME: '/home/a' })).toBe('/home/a/.local/state/gantry/current.json')
})

test('options go before the environment, and that before what was saved', () => {
  save()
  const named = { ...env, GANTRY_SERVER: 'http://127.0.0.1:1', GANTRY_TOKEN: 'env-token' }
  expect(readConnection({}, named)).toEqual({ server: 'http://127.0.0.1:1', token: 'env-token' })
  expect(readConnection({ server: 'http://127.0.0.1:2/', token: 'given' }, named)).toEqual({
    server: 'http://127.0.0.1:2',
    token: 'given',
  })
  expect(readConnection({ token: 'given', ca: join(home, 'ca.crt') }, env)).toEqual({
    server: 'http://127.0.0.1:7420',
    token: 'given',
    ca: 'CA',
  })
})

test.each<[string, () => unknown, string]>([
  ['nothing is known', () => readConnection({}, env), 'no Gantry is known here'],
  [
    'the saved token is not sent to another server',
    () => (save(), readConnection({ server: 'http://evil.example' }, env)),
    'no token is known for http://evil.example',
  ],
  ['no URL', () => readConnection({ server: 'here', token: 't' }, env), '"here" is not the URL of a server'],
  ['a damaged file', () => (save(), writeFileSync(connectionPath(env), '{'), readConnection({}, env)), 'is damaged'],
  [
    'no token file',
    () => (save(), rmSync(join(home, 'token'), { force: true }), readConnection({}, env)),
    'cannot read',
  ],
])('%s', (_, read, message) => {
  expect(read).toThrow(CliError)
  expect(read).toThrow(message)
})

test('is forgotten only for the data folder that it is of', () => {
  save()
  forgetConnection('/other', env)
  expect(readSaved(env)?.cluster).toBe('hello')
  forgetConnection('/data', env)
  expect(readSaved(env)).toBeUndefined()
})
