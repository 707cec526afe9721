import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { CliError } from './failure.ts'
import { privateFile } from './private-file.ts'
import { formatFor, type FileFlags } from './secret-commands.ts'
import { expectWritable, openSecret, sealAgain, writeOutput } from './secret-file.ts'

/** Lets a person change an encrypted file in an editor. The plain file is in a private folder, and gone at the end. */
export async function edit(path: string, flags: FileFlags): Promise<void> {
  const format = formatFor(path, flags)
  const opened = await openSecret(path, { format, ageKeyFile: flags.ageKeyFile })
  expectWritable(path, opened.metadata)
  const file = privateFile(basename(path), opened.plain)
  try {
    const sealed = await untilSealed(file.path, plain => {
      return Buffer.compare(plain, opened.plain) === 0 ? undefined : sealAgain(plain, { path, format, opened })
    })
    if (sealed === undefined) process.stderr.write(`gantry: ${path} is unchanged\n`)
    else await writeOutput(path, sealed, { mode: 0o644 })
  } finally {
    file.remove()
  }
}

/** What cannot be encrypted is shown again in the editor, where somebody is there to mend it. */
async function untilSealed(
  path: string,
  seal: (plain: Buffer) => Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  for (;;) {
    await runEditor(path)
    try {
      return seal(await readFile(path))
    } catch (error) {
      if (!(error instanceof CliError) || process.stdin.isTTY !== true) throw error
      process.stderr.write(`gantry: ${error.message}${error.remedy === undefined ? '' : `; ${error.remedy}`}\n`)
      await waitForEnter('Press Enter to edit it again, or Ctrl-C to leave the file as it was. ')
    }
  }
}

async function waitForEnter(question: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const left = new Promise<never>((_, reject) => {
    lines.once('SIGINT', () => reject(new CliError('the file is as it was')))
  })
  try {
    await Promise.race([lines.question(question), left])
  } finally {
    lines.close()
  }
}

async function runEditor(path: string): Promise<void> {
  const { SOPS_EDITOR, VISUAL, EDITOR } = process.env
  const [program = 'vi', ...words] = (SOPS_EDITOR ?? VISUAL ?? EDITOR ?? 'vi').split(/\s+/).filter(word => word !== '')
  const editor = spawn(program, [...words, path], { stdio: 'inherit' })
  const [code, signal] = await once(editor, 'exit').catch((error: Error) => {
    throw new CliError(`the editor ${program} does not start: ${error.message}`, { remedy: 'name another in EDITOR' })
  })
  if (code !== 0)
    throw new CliError(`the editor ${program} ended with ${signal ?? `exit code ${code}`}: the file is as it was`)
}
