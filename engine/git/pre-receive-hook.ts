import { randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What git runs once a push lies in quarantine. It asks the engine over a socket that it inherits (descriptor 3): no
 * start-up of Node in the way of a push, no file to guard, and where the engine dies the socket ends and the push is
 * refused.
 *
 * To the engine: the quarantine's folder, the updates as git gave them, an empty line, the push options, an empty line.
 * From the engine: `accept` or `refuse`, then lines for the pusher's terminal.
 */
const script = `#!/bin/sh
{
  printf '%s\\n' "$GIT_QUARANTINE_PATH"
  cat
  printf '\\n'
  n=0
  while [ "$n" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do
    eval "printf '%s\\\\n' \\"\\$GIT_PUSH_OPTION_$n\\""
    n=$((n + 1))
  done
  printf '\\n'
} >&3
if ! IFS= read -r verdict <&3; then
  echo 'refused: Gantry stopped while it looked at this push; push again once it is back'
  exit 1
fi
cat <&3
[ "$verdict" = accept ]
`

/** Writes the hook for `core.hooksPath`; gives its folder. */
export async function writeHook(repository: string): Promise<string> {
  const folder = join(repository, 'gantry-hooks')
  const fresh = join(folder, `.${randomBytes(6).toString('hex')}`)
  await mkdir(folder, { recursive: true })
  await writeFile(fresh, script, { mode: 0o755 })
  await rename(fresh, join(folder, 'pre-receive'))
  return folder
}

export interface HookQuestion {
  /** Empty where the push brings no objects, as one that only deletes. */
  readonly quarantine: string
  /** As git writes them: `<old id> <new id> <ref>`. */
  readonly updates: readonly string[]
  readonly pushOptions: readonly string[]
}

/** Undefined as long as the question is not whole. */
export function parseQuestion(text: string): HookQuestion | undefined {
  // What follows the last newline is no line yet.
  const [quarantine, ...lines] = text.split('\n').slice(0, -1)
  const updatesEnd = lines.indexOf('')
  const optionsEnd = lines.indexOf('', updatesEnd + 1)
  if (quarantine === undefined || updatesEnd < 0 || optionsEnd < 0) return undefined
  return { quarantine, updates: lines.slice(0, updatesEnd), pushOptions: lines.slice(updatesEnd + 1, optionsEnd) }
}
