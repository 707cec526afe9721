/** `gantry secret`: files encrypted in SOPS's format, made and changed without another tool. */
import { Option, type Command } from 'commander'
import { ageKeyHelp } from './age-key-help.ts'
import type { EncryptFlags, FileFlags, RotateFlags } from './secret-commands.ts'

export function addSecretCommands(program: Command): void {
  const secret = program
    .command('secret')
    .description('encrypt files for the repository, in the format of SOPS, for age keys')
  opening(writing(secret.command('decrypt')))
    .description('print an encrypted file as it was')
    .action(async (file: string, flags: FileFlags) => (await import('./secret-commands.ts')).decrypt(file, flags))
  opening(secret.command('edit').argument('<file>', 'an encrypted file'))
    .description('open an encrypted file in $EDITOR, and encrypt what was changed')
    .action(async (file: string, flags: FileFlags) => (await import('./secret-edit.ts')).edit(file, flags))
  opening(writing(secret.command('rotate')))
    .description('encrypt a file again with a new data key, for the same or other recipients')
    .option('--add-age <recipients>', 'for these age recipients too, separated by commas')
    .option('--rm-age <recipients>', 'for these no more')
    .action(async (file: string, flags: RotateFlags) => (await import('./secret-commands.ts')).rotate(file, flags))
  writing(secret.command('encrypt'))
    .description('encrypt a file, as .sops.yaml or the flags say')
    .option('-a, --age <recipients>', 'for these age recipients, separated by commas')
    .option('--encrypted-regex <pattern>', 'the values below keys like this; for Secrets ^(data|stringData)$')
    .option('--unencrypted-regex <pattern>', 'all values but those below keys like this')
    .option('--encrypted-suffix <text>', 'the values below keys that end so')
    .option('--unencrypted-suffix <text>', 'all values but those below keys that end so')
    .option('--mac-only-encrypted', 'let the values that are not encrypted be changed later without the key', false)
    .action(async (file: string, flags: EncryptFlags) => (await import('./secret-commands.ts')).encrypt(file, flags))
  secret
    .command('keygen')
    .description('make an age key; prints its public half, for which files are encrypted')
    .option('-o, --output <file>', 'where to keep it (~/.config/sops/age/keys.txt)')
    .action(async (flags: { output?: string }) => (await import('./secret-keygen.ts')).keygen(flags))
}

function opening(command: Command): Command {
  return command.option('--age-key-file <file>', ageKeyHelp)
}

function writing(command: Command): Command {
  return command
    .argument('<file>')
    .option('-i, --in-place', 'write the file itself, not standard output', false)
    .option('--output <file>', 'write this file')
    .addOption(
      new Option('--input-type <format>', 'what the file holds, where its name does not tell').choices([
        'yaml',
        'json',
        'dotenv',
        'binary',
      ]),
    )
}
