import { availableParallelism } from 'node:os'
import { Command, Option, type OptionValues } from 'commander'
import type { Method } from '../engine/quantizers/format.ts'
import {
  collect,
  parseContext,
  parseCount,
  parseFraction,
  parseList,
  parsePort,
  parseThreads,
} from './arguments.ts'
import { createContext, type Context, type GlobalOptions } from './context.ts'
import { programVersion, type ProgramFiles } from './program-files.ts'

type Run<Options> = (context: Context, operands: readonly string[], options: Options) => void | Promise<void>

/** The command line. Each command's code is loaded when it runs, so that `inspect` does not wait for SQLite. */
export function buildProgram(files: ProgramFiles, signal: AbortSignal): Command {
  const program = new Command('quantaloupe')
    .description('Looks into language-model weights and helps to decide how to quantize them.')
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress')
    .addOption(threadsOption())
    .option('--no-native', 'compute in TypeScript only')
    .version(programVersion(files), '--version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()

  const action =
    <Options extends OptionValues>(load: () => Promise<Run<Options>>) =>
    async (...parameters: unknown[]): Promise<void> => {
      const command = parameters.at(-1) as Command
      const context = createContext(files, command.optsWithGlobals<GlobalOptions>(), signal)
      const run = await load()
      await run(context, command.args, command.opts<Options>())
    }

  addReadingCommands(program, action)
  addPlanningCommands(program, action)
  addMeasuringCommands(program, action)
  addHostCommands(program, action)
  return program
}

type Action = <Options extends OptionValues>(
  load: () => Promise<Run<Options>>,
) => (...parameters: unknown[]) => Promise<void>

function threadsOption(): Option {
  const option = new Option('--threads <n>', 'worker threads')
  return option.default(availableParallelism(), 'all processors').argParser(parseThreads)
}

/** Those that the formats know; written out, so that `inspect` need not load the quantizers. */
const METHODS = ['reference'] satisfies Method[]

function methodOption(): Option {
  const option = new Option('--method <method>', 'how codes are chosen')
  return option.choices(METHODS).default('reference')
}

const IMATRIX = ['--imatrix <file>', 'importance of the columns'] as const
const COVARIANCE = ['--covariance <file>', 'second moments of the activations'] as const

function addReadingCommands(program: Command, action: Action): void {
  program
    .command('inspect <model>')
    .description('tensors, metadata and findings, from the header alone')
    .action(action(async () => (await import('./commands/inspect.ts')).inspect))
  program
    .command('formats')
    .description('the formats that weights can be stored in')
    .action(action(async () => (await import('./commands/formats.ts')).formats))
  program
    .command('analyze <model>')
    .description('measure what formats do to the weights')
    .requiredOption('--formats <names>', 'formats, with commas between them', parseList)
    .addOption(methodOption())
    .option(...IMATRIX)
    .option(...COVARIANCE)
    .option('--tensors <glob>', 'only tensors whose name matches; may be given again', collect)
    .option('--sample <fraction>', 'measure only this fraction of the rows', parseFraction)
    .option('--csv', 'print a CSV table')
    .action(action(async () => (await import('./commands/analyze.ts')).analyze))
  program
    .command('diff <a> <b>')
    .description('two models, tensor by tensor')
    .action(action(async () => (await import('./commands/diff.ts')).diff))
}

function addPlanningCommands(program: Command, action: Action): void {
  program
    .command('plan <model>')
    .description('choose a format for every tensor')
    .requiredOption('--preset <name>', 'one format for every tensor that llama.cpp quantizes')
    .option('--pin <glob=format>', 'fix the format of matching tensors; may be given again', collect)
    .addOption(methodOption())
    .option(...IMATRIX)
    .option('-o, --output <file>', 'write the plan')
    .option('--recipe <file>', 'write the text that llama-quantize --tensor-type-file takes')
    .action(action(async () => (await import('./commands/plan.ts')).plan))
  program
    .command('export <model>')
    .description('write a GGUF')
    .addOption(new Option('--plan <file>', 'a plan from `plan -o`').conflicts('preset'))
    .option('--preset <name>', 'a preset, as in `plan`')
    .requiredOption('-o, --output <file>', 'the GGUF to write')
    .addOption(methodOption())
    .option(...IMATRIX)
    .option('--kv <key=type:value>', 'set metadata; may be given again', collect)
    .option('--overwrite', 'replace an existing file')
    .option('--allow-requantize', 'quantize weights that are quantized already')
    .option('--dry-run', 'tell the exact size and write nothing')
    .action(action(async () => (await import('./commands/export.ts')).exportModel))
}

/** Those that run llama.cpp. */
function addMeasuringCommands(program: Command, action: Action): void {
  const context = ['--context <n>', 'tokens per chunk of the text', parseContext, 512] as const
  program
    .command('verify <reference> <candidate>')
    .description('compare a candidate with the model it was made from, in llama.cpp')
    .requiredOption('--text <file>', 'the text to compare them on')
    .option(...context)
    .option('--chunks <n>', 'at most so many chunks; the whole text by default', parseCount)
    .action(action(async () => (await import('./commands/verify.ts')).verify))
  program
    .command('sensitivity <model>')
    .description('measure what errors in each tensor cost, in llama.cpp; goes on where it was stopped')
    .requiredOption('--text <file>', 'the text to measure on')
    .option(...IMATRIX)
    .option(...context)
    .option('--tokens <n>', 'at most so many tokens of the text', parseCount, 4096)
    .addOption(formatsToReplaceBy())
    .option(
      '--layers <n>',
      'so many neighbouring layers of a role at once; each tensor alone by default',
      parseCount,
    )
    .option('-o, --output <file>', 'write what `plan --sensitivity` takes')
    .action(action(async () => (await import('./commands/sensitivity.ts')).sensitivity))
}

function formatsToReplaceBy(): Option {
  const option = new Option(
    '--formats <names>',
    'formats that each group is replaced by, one after the other',
  )
  return option.argParser((text: string) => parseList(text)).default(['Q4_K'], 'Q4_K')
}

function addHostCommands(program: Command, action: Action): void {
  const port = new Option('--port <n>', 'port, any free one by default')
    .default(0, 'any')
    .argParser(parsePort)
  const root = ['--root <folder>', 'folder the page may see; may be given again', collect] as const
  program
    .command('serve [model]')
    .description('the workstation for a browser on this machine')
    .addOption(port)
    .option(...root)
    .action(action(async () => (await import('./commands/serve.ts')).serve))
  program
    .command('open [model]')
    .description('the desktop window')
    .action(action(async () => (await import('./commands/open.ts')).open))
}
