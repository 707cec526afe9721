import type { Command } from 'commander'
import type { VendorFlags } from './vendor-folder.ts'

/** `gantry vendor`: the one command that looks up what a range of versions or a tag stands for. */
export function addVendorCommand(program: Command): void {
  program
    .command('vendor')
    .description('write gantry.lock: what the charts and remote bases are that the files of a folder name')
    .argument('[dir]', 'the root of the branch', '.')
    .option('--update [names...]', 'look up anew what is pinned: these, or everything')
    .option('--check', 'write nothing; exit code 1 where the lock is not up to date', false)
    .option('--registry-config <file>', 'credentials by host, as docker login and helm registry login write them')
    .action(async (dir: string, flags: VendorFlags) => {
      const [{ vendorFolder }, { terminal }] = await Promise.all([
        import('./vendor-folder.ts'),
        import('./terminal.ts'),
      ])
      process.exitCode = await vendorFolder(dir, { flags, terminal })
    })
}
