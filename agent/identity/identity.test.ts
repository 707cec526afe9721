import 'reflect-metadata'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeAuthority, readAuthority } from '../../engine/fleet/authority.ts'
import { readIdentity, writeIdentity } from './identity.ts'
import type { Identity } from './identity.ts'
import { makeKeyRequest } from './request.ts'

let folder: string
let identity: Identity
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-identity-'))
  const authority = await makeAuthority(join(folder, 'ca.pem'), Date.now())
  const { key, request } = await makeKeyRequest('one')
  const { publicKey } = new x509.Pkcs10CertificateRequest(request)
  const certificate = await authority.issueNode('one', publicKey, { now: Date.now(), lifetime: 60_000 })
  const engine = { host: 'box', port: 7421 }
  identity = { node: 'one', engine, key, certificate, authorities: authority.certificate }
  await writeIdentity(folder, identity)
})
afterEach(() => rm(folder, { recursive: true }))

test('what is kept is what is read', async () => {
  const { key, certificate } = identity
  expect(await readIdentity(folder)).toEqual({ ...identity, key: key.trim(), certificate: certificate.trim() })
})

test.each(['engine.json', 'node.pem', 'authorities.pem'])('without %s the node has not joined', async file => {
  await rm(join(folder, file))
  expect(await readIdentity(folder)).toBeUndefined()
})

test.each([
  { name: 'half a place', file: 'engine.json', text: '{"node":"one"' },
  { name: 'a place that is none', file: 'engine.json', text: '{"node":"../one","engine":"box:7421"}' },
  { name: 'no certificate', file: 'node.pem', text: 'hello' },
  { name: 'no CA', file: 'authorities.pem', text: '' },
])('$name is named, with the remedy', async ({ file, text }) => {
  await writeFile(join(folder, file), text)
  await expect(readIdentity(folder)).rejects.toThrow(
    `${folder} is damaged; remove it and join again, with a token from gantry token create`,
  )
})

test('a key of another certificate is damage', async () => {
  const { key } = await makeKeyRequest('one')
  await writeFile(join(folder, 'node.pem'), `${identity.certificate}\n${key}\n`)
  await expect(readIdentity(folder)).rejects.toThrow('is damaged')
})

test.each([
  { name: 'nothing', damage: () => '' },
  { name: 'half of it', damage: (text: string) => text.slice(0, text.length / 2) },
])('a CA of which there is $name is named, with the remedy', async ({ damage }) => {
  const file = join(folder, 'ca.pem')
  await writeFile(file, damage(await readFile(file, 'utf8')))
  await expect(readAuthority(file)).rejects.toThrow(
    `${file} is damaged, and it holds the CA of the cluster: restore it`,
  )
})
