import { GitError } from './repository.ts'
import type { GitErrorCode } from './repository.ts'

interface Rule {
  readonly says: RegExp
  readonly code: GitErrorCode
  readonly remedy: string
}

/** What git's words about a remote mean. First match wins. */
const rules: readonly Rule[] = [
  {
    says: /couldn't find remote ref|Remote branch .* not found/i,
    code: 'BranchMissing',
    remedy: 'push the branch, or follow another one',
  },
  {
    says: /No space left on device|Disk quota exceeded/,
    code: 'DiskFull',
    remedy: 'free space on the disk of the data folder',
  },
  {
    says: /Authentication failed|could not read (Username|Password)|terminal prompts disabled|returned error: 40[13]/,
    code: 'RemoteRefused',
    remedy:
      'give a token or password that may read and write the repository: in ~/.netrc, in GANTRY_REPO_TOKEN, or in the address',
  },
  {
    says: /Host key verification failed/,
    code: 'RemoteRefused',
    remedy: "check the host's key and add it to known_hosts, for example by connecting once with ssh",
  },
  {
    says: /Permission denied \(|Load key|no such identity/,
    code: 'RemoteRefused',
    remedy: 'give the user that runs Gantry an ssh key that may read the repository',
  },
  {
    says: /certificate|SSL CA cert/i,
    code: 'RemoteRefused',
    remedy:
      'where the certificate is right, name the file of its authority: GIT_SSL_CAINFO=FILE gantry up …, or git config --global http.sslCAInfo FILE',
  },
  {
    says: /non-fast-forward|fetch first|incorrect old value|is at [0-9a-f]{40} but expected/i,
    code: 'RefChanged',
    remedy: 'let Gantry alone write the observed branch of the remote, or delete it there once',
  },
  {
    says: /branch is currently checked out/,
    code: 'RemoteRefused',
    remedy: 'make that a bare repository, or check out another branch there',
  },
  {
    says: /dubious ownership/,
    code: 'RemoteRefused',
    remedy:
      "run Gantry as the repository's owner; or, where the hooks there may run as this user: git config --global --add safe.directory FOLDER",
  },
  {
    says: /unable to create temporary object directory|insufficient permission|marked as read only/i,
    code: 'RemoteRefused',
    remedy: 'let the user or key with which Gantry comes write to the repository',
  },
  {
    says: /\[(remote )?rejected\]/,
    code: 'RemoteRefused',
    remedy: 'let the user or key with which Gantry comes push that branch, whatever rule or hook forbids it',
  },
  {
    says: /repository .*not found|does not exist|does not appear to be a git repository|returned error: 404/i,
    code: 'RemoteRefused',
    remedy: 'check the address, and that the credentials may see the repository',
  },
  {
    says: /returned error: (408|429|5\d\d)/,
    code: 'RemoteUnreachable',
    remedy: 'nothing needs to be done here: it is tried again',
  },
  {
    says: /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|timed out|reset)|Operation too slow|Network is unreachable|No route to host|timed out|Name or service not known/i,
    code: 'RemoteUnreachable',
    remedy: 'check the network and the address; it is tried again',
  },
  {
    says: /not our ref|unadvertised object/,
    code: 'RemoteRefused',
    remedy: 'the commit is gone there, or no branch or tag points to it any more: run gantry vendor --update',
  },
  {
    says: /returned error: 3\d\d|unable to update url base from redirection/,
    code: 'RemoteRefused',
    remedy: 'the repository is elsewhere: write its address as it is now (on many hosts it ends in .git)',
  },
  {
    says: /early EOF|transfer closed|bad pack header|unexpected disconnect|hung up/i,
    code: 'RemoteBroken',
    remedy: 'the answer broke off: check the network and what lies between; it is tried again',
  },
]

const broken: Omit<Rule, 'says'> = {
  code: 'RemoteBroken',
  remedy: 'check that a git server answers there; it is tried again',
}

/** A failed fetch or push as an error that says what follows from it. */
export function remoteFailure(what: string, stderr: string): GitError {
  const { code, remedy } = rules.find(({ says }) => says.test(stderr)) ?? broken
  return new GitError(code, `${what} failed: ${essence(stderr)}`, remedy)
}

/** Git's complaints without its progress; at most five lines. */
function essence(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).map(line => line.trim())
  const complaints = lines.filter(line =>
    /^(fatal|error|remote|ssh|!|Host key|.*Permission denied|.*rejected)/i.test(line),
  )
  const words = (complaints.length > 0 ? complaints : lines).filter(
    line => line !== '' && !/^remote: (Enumerating|Counting|Compressing|Total)/.test(line),
  )
  // The address is said already, and that it is fatal to git tells nobody more.
  const plain = words.map(line => line.replace(/^(fatal|error): (unable to access '[^']*': )?/, ''))
  return plain.slice(-5).join('; ') || 'git ended without a word'
}
