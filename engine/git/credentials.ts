import { GitError } from './repository.ts'

export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** What the user's own programs find: `.netrc` for http, keys and agent for ssh. */
  | { readonly kind: 'default' }

/** Where a source is, with no secret in it. */
export interface SourceAddress {
  /** A URL, or the path of a folder of this machine. */
  readonly url: string
  readonly credentials: Credentials
}

/** Takes a password out of a URL, and refuses what git would run or read as an option. */
export function parseAddress(text: string, credentials: Credentials): SourceAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  const isTransport = /^[a-z0-9]+::/i.test(text)
  if (
    text === '' ||
    text.startsWith('-') ||
    isTransport ||
    (scheme && !['http', 'https', 'ssh', 'file'].includes(scheme))
  ) {
    const what = scheme ?? (text === '' ? 'nothing' : (text.split('::')[0] ?? ''))
    throw new GitError(
      'RemoteRefused',
      `a source cannot be reached by ${what}`,
      'give a folder, or a URL of https, http, ssh or file',
    )
  }
  if (scheme === undefined || scheme === 'file') return { url: text, credentials }
  const url = new URL(text)
  const { username, password } = url
  if (scheme === 'ssh') {
    // No ssh takes a password from there; the user's name belongs to the address.
    url.password = ''
    return { url: url.href, credentials }
  }
  url.username = ''
  url.password = ''
  if (username === '' && password === '') return { url: url.href, credentials }
  const inUrl: Credentials = {
    kind: 'basic',
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
  return { url: url.href, credentials: credentials.kind === 'default' ? inUrl : credentials }
}

/** Whether an address carries a secret that others may read where the address stands. */
export function holdsPassword(text: string): boolean {
  return /^https?:/i.test(text) && new URL(text).password !== ''
}

/** Answers git's question for a user and a password from the environment, so that they stand in no list of processes. */
const helper = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$GANTRY_GIT_USERNAME" "$GANTRY_GIT_PASSWORD"; }; f`

export interface CredentialSettings {
  readonly config: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** How git is given the credentials of a source, for the source's own host and no other. */
export function credentialSettings({ url, credentials }: SourceAddress): CredentialSettings {
  if (credentials.kind === 'default' || !/^https?:/.test(url)) return { config: {}, env: {} }
  const { origin } = new URL(url)
  const [username, password] =
    credentials.kind === 'token' ? ['gantry', credentials.token] : [credentials.username, credentials.password]
  return {
    config: { [`credential.${origin}.helper`]: helper },
    env: { GANTRY_GIT_USERNAME: username, GANTRY_GIT_PASSWORD: password },
  }
}
