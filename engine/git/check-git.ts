import { runGit } from './git-process.ts'
import { GitError } from './repository.ts'

const oldest = [2, 39] as const

/** The version of the `git` program. Rejects with `GitMissing` where there is none of 2.39 or newer. */
export async function checkGit(): Promise<string> {
  const { stdout } = await runGit(['version'])
  const version = /^git version (\d+)\.(\d+)\S*/.exec(stdout.toString())
  if (!version || isOlder(Number(version[1]), Number(version[2]))) {
    const found = stdout.toString().trim() || 'nothing that answers to git version'
    throw new GitError('GitMissing', `git 2.39 or newer is needed, found ${found}`, 'install a newer git')
  }
  return version[0].slice('git version '.length)
}

function isOlder(major: number, minor: number): boolean {
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}
