/** User names and passwords by host, from the file that `docker login` and `helm registry login` write. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isMissing } from '../../machine/files.ts'
import { isRecord } from '../../machine/json-file.ts'
import { RemoteFailure } from './failure.ts'

/** The value of an Authorization header for a host; undefined where there is none. Nothing else shows a secret. */
export type Credentials = (host: string) => string | undefined

export const noCredentials: Credentials = () => undefined

/** `given`: `--registry-config`, which must be there. Without it docker's own file, which need not. */
export async function readCredentials(given: string | undefined): Promise<Credentials> {
  const path = given ?? join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (given === undefined && isMissing(error)) return noCredentials
    throw unreadable(path, isMissing(error) ? 'it is not there' : 'it may not be read')
  }
  return credentialsIn(text, path)
}

function credentialsIn(text: string, path: string): Credentials {
  const value = parse(text)
  if (!isRecord(value)) throw unreadable(path, 'it is no JSON object')
  const auths = Object.hasOwn(value, 'auths') && isRecord(value['auths']) ? value['auths'] : {}
  const byHost = new Map<string, string>()
  for (const [place, entry] of Object.entries(auths)) {
    const basic = isRecord(entry) ? basicOf(entry) : undefined
    if (basic !== undefined) byHost.set(hostIn(place), basic)
  }
  return host => byHost.get(host)
}

/** Docker writes its own registry under the address of an API that is gone. */
function hostIn(place: string): string {
  const host = place.replace(/^https?:\/\//, '').split('/')[0] ?? ''
  return host === 'index.docker.io' || host === 'docker.io' ? 'registry-1.docker.io' : host.replace(/:443$/, '')
}

function basicOf(entry: Readonly<Record<string, unknown>>): string | undefined {
  const { auth, username, password } = entry
  if (typeof auth === 'string' && auth !== '') return `Basic ${auth}`
  if (typeof username !== 'string' || typeof password !== 'string') return undefined
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What a parser says of the place could quote a password.
    return undefined
  }
}

function unreadable(path: string, why: string): RemoteFailure {
  return new RemoteFailure(
    'Refused',
    `the file of credentials ${path} cannot be used: ${why}`,
    'write it with docker login or helm registry login, and name it with --registry-config',
  )
}
