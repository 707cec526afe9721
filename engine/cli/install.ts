/** `gantry install engine|agent` and `gantry uninstall`: a systemd unit that runs it from boot on. */
import type { Command } from 'commander'
import type { InstallFlags } from './run-install.ts'
import type { Installed } from './unit.ts'

const kinds = ['engine', 'agent'] as const

export function addInstallCommands(program: Command): void {
  const install = program.command('install').description('run the engine or an agent from boot on, by systemd')
  const uninstall = program.command('uninstall').description('take that back; state and pods stay')
  for (const kind of kinds) {
    withRoot(install.command(kind))
      .description(`write, enable and start the unit of gantry ${kind}; its flags are those of gantry ${kind}`)
      .option('--dry-run', 'show what would be done, and do nothing', false)
      .argument('[flags...]')
      .usage(`[--dry-run] [flags of gantry ${kind}]`)
      .allowUnknownOption()
      .action(async (words: string[], flags: InstallFlags) => {
        const { runInstall } = await import('./run-install.ts')
        await runInstall(kind, { words, flags, check: given => unknownFlags(program, kind, given) })
      })
    withRoot(uninstall.command(kind))
      .description(`stop, disable and remove the unit of gantry ${kind}`)
      .option('--dry-run', 'show what would be done, and do nothing', false)
      .action(async (flags: InstallFlags) => {
        const { runUninstall } = await import('./run-install.ts')
        await runUninstall(kind, flags)
      })
  }
}

function withRoot(command: Command): Command {
  return command.option('--root <folder>', 'of another system, say an image: nothing is started there')
}

/** The words that `gantry engine` or `gantry agent` would not take. */
function unknownFlags(program: Command, kind: Installed, words: readonly string[]): readonly string[] {
  const command = program.commands.find(each => each.name() === kind)
  const { operands, unknown } = command?.parseOptions([...words]) ?? { operands: [], unknown: words }
  return [...operands, ...unknown]
}
