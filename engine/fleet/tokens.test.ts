import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseToken } from '../protocol/token.ts'
import type { JoinToken } from '../protocol/token.ts'
import { openTokens } from './tokens.ts'
import type { TokenRequest, Tokens } from './tokens.ts'

const now = Date.UTC(2026, 9, 1, 12)
const pins = ['0f'.repeat(32)]
let folder: string
let file: string
let tokens: Tokens

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-tokens-'))
  file = join(folder, 'tokens.json')
  tokens = await openTokens(file)
})
afterEach(() => rm(folder, { recursive: true }))

async function create(request: Partial<TokenRequest> = {}): Promise<JoinToken> {
  const text = await tokens.create({ ttlSeconds: 3600, uses: 1, ...request }, { now, pins })
  const token = parseToken(text)
  if (token === undefined) throw new Error(`${text} is no token`)
  return token
}

test.each([
  { name: 'once', request: {}, uses: [['one', 'k1']], refused: undefined },
  {
    name: 'again by the same key: its answer was lost',
    request: {},
    uses: [
      ['one', 'k1'],
      ['one', 'k1'],
    ],
    refused: undefined,
  },
  {
    name: 'replayed with another key',
    request: {},
    uses: [
      ['one', 'k1'],
      ['one', 'k2'],
    ],
    refused: 'token ID was used by node one at 2026-10-01T12:00:00.000Z, and that is all it is good for',
  },
  {
    name: 'replayed for another node',
    request: {},
    uses: [
      ['one', 'k1'],
      ['two', 'k1'],
    ],
    refused: 'token ID was used by node one at 2026-10-01T12:00:00.000Z, and that is all it is good for',
  },
  {
    name: 'as often as it says',
    request: { uses: 2 },
    uses: [
      ['one', 'k1'],
      ['two', 'k2'],
    ],
    refused: undefined,
  },
  {
    name: 'used up',
    request: { uses: 2 },
    uses: [
      ['one', 'k1'],
      ['two', 'k2'],
      ['three', 'k3'],
    ],
    refused: 'token ID was used 2 times, and that is all it is good for',
  },
  { name: 'by its node', request: { node: 'one' }, uses: [['one', 'k1']], refused: undefined },
  {
    name: 'by another node',
    request: { node: 'one' },
    uses: [['two', 'k2']],
    refused: 'token ID is for node one, not for two',
  },
  {
    name: 'too late',
    request: { ttlSeconds: 0 },
    uses: [['one', 'k1']],
    refused: 'token ID expired at 2026-10-01T12:00:00.000Z',
  },
])('$name', async ({ request, uses, refused }) => {
  const token = await create(request)
  const answers: unknown[] = []
  for (const [node = '', key = ''] of uses) answers.push(await tokens.spend(token, { node, key, at: now }))
  const last = answers.pop()
  expect(answers).toEqual(answers.map(() => undefined))
  if (refused === undefined) expect(last).toBeUndefined()
  else expect(last).toMatchObject({ reason: refused.replace('ID', token.id) })
})

test('of many at a time, as many as it is good for get in', async () => {
  const token = await create({ uses: 3 })
  const tries = Array.from({ length: 20 }, (_, index) => ({ node: `n${index}`, key: `k${index}`, at: now }))
  const answers = await Promise.all(tries.map(use => tokens.spend(token, use)))
  expect(answers.filter(answer => answer === undefined)).toHaveLength(3)
})

test('a wrong secret is told no more than an unknown token, and costs no use', async () => {
  const token = await create()
  const wrong = { ...token, secret: 'x'.repeat(32) }
  const unknown = { ...token, id: 'xxxxxxxx' }
  for (const guess of [wrong, unknown]) {
    expect(await tokens.spend(guess, { node: 'one', key: 'k', at: now })).toMatchObject({
      reason: `this cluster has no token ${guess.id}`,
    })
  }
  expect(await tokens.spend(token, { node: 'one', key: 'k', at: now })).toBeUndefined()
})

test('a use is on disk when it is granted, and counts after a restart', async () => {
  const token = await create()
  expect(await tokens.spend(token, { node: 'one', key: 'k1', at: now })).toBeUndefined()
  const restarted = await openTokens(file)
  expect(await restarted.spend(token, { node: 'two', key: 'k2', at: now })).toMatchObject({
    reason: expect.stringContaining('was used by node one'),
  })
})

test('a use that cannot be kept is not granted', async () => {
  const token = await create()
  await rename(folder, `${folder}.away`)
  await expect(tokens.spend(token, { node: 'one', key: 'k1', at: now })).rejects.toThrow('ENOENT')
  await rename(`${folder}.away`, folder)
  expect(tokens.list(now)).toMatchObject([{ used: [] }])
})

test('the file holds no secret, and nobody else may read it', async () => {
  const token = await create()
  expect(await readFile(file, 'utf8')).not.toContain(token.secret)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('a token that is revoked lets nobody in, and is listed no more', async () => {
  const token = await create()
  expect(await tokens.revoke(token.id)).toBe(true)
  expect(await tokens.revoke(token.id)).toBe(false)
  expect(tokens.list(now)).toEqual([])
  expect(await tokens.spend(token, { node: 'one', key: 'k', at: now })).toMatchObject({
    reason: `this cluster has no token ${token.id}`,
  })
})

test.each(['', '{}', '[1]', '[{"id":"a","secretHash":"b","createdAt":1,"expiresAt":"soon","uses":1,"used":[]}]'])(
  'a file that holds %j is damaged, and the message says what helps',
  async text => {
    await writeFile(file, text)
    await expect(openTokens(file)).rejects.toThrow(`${file} is damaged; remove it, and make new tokens`)
  },
)
