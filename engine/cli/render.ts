import { Option, type Command } from 'commander'
import { ageKeyHelp } from './age-key-help.ts'
import type { ProblemFormat } from './problem-report.ts'

interface SourceOptions {
  readonly ageKeyFile?: string
  readonly path?: readonly string[]
}

interface ValidateFlags {
  readonly output: ProblemFormat
  readonly only?: readonly string[]
  readonly explain: boolean
}

const sourceArgument = 'the root of the branch or a kustomization, or a commit of the repository here'

/** `gantry render` and `gantry validate`: what the files of a folder or a commit say, without any server. */
export function addRenderCommands(program: Command): void {
  program
    .command('render')
    .description('print what files ask for, checked and defaulted, as YAML; of a kustomization what kubectl prints')
    .argument('[dir|rev]', sourceArgument, '.')
    .option('--path <folder...>', 'follow these folders of it only')
    .option('--age-key-file <file>', ageKeyHelp)
    .option('--no-validate', 'print objects as they are written, neither checked nor defaulted')
    .addOption(new Option('--verbose').hideHelp())
    .action(async (dir: string, { validate, path, ageKeyFile }: SourceOptions & { validate: boolean }) => {
      const [{ renderFolder }, { terminal }] = await Promise.all([
        import('./render-folder.ts'),
        import('./terminal.ts'),
      ])
      process.exitCode = await renderFolder(dir, { validate, paths: path, ageKeyFile, terminal })
    })
  program
    .command('validate')
    .description('check files; exit code 1 where one has an error')
    .argument('[dir|rev]', sourceArgument, '.')
    .option('--path <folder...>', 'follow these folders of it only')
    .option('--age-key-file <file>', ageKeyHelp)
    .option('--explain', 'show each unit: its files, whether it was known from before, its time', false)
    .option('--only <kind/name...>', 'tell of these objects only: deploy/web, or deploy/shop/web')
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['text', 'json', 'sarif', 'junit']).default('text'),
    )
    .addOption(new Option('--verbose').hideHelp())
    .action(async (dir: string, { output, path, ageKeyFile, only = [], explain }: SourceOptions & ValidateFlags) => {
      const [{ validateFolder }, { terminal }] = await Promise.all([
        import('./validate-folder.ts'),
        import('./terminal.ts'),
      ])
      process.exitCode = await validateFolder(dir, { format: output, paths: path, ageKeyFile, only, explain, terminal })
    })
}
