/** `gantry down`: stops every pod and Gantry itself. */
import type { Command } from 'commander'
import type { DownFlags } from './run-down.ts'

export function addDownCommand(program: Command): void {
  program
    .command('down')
    .description('stop every pod, and Gantry if it runs; what is in git stays')
    .option('--data <folder>', 'the data folder (that of the last gantry up)')
    .option('--name <cluster>', 'the cluster, where --data is left out')
    .option('--purge', 'remove the data folder too: repository, record, keys and token', false)
    .action(async (flags: DownFlags) => {
      const { runDown } = await import('./run-down.ts')
      await runDown(flags)
    })
}
