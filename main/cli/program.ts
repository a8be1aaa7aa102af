import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError, Option, type OptionValues } from 'commander'
import type { CacheType, DamageModel, Method, Target } from '../../preload/contract.ts'
import {
  collect,
  parseBitsPerWeight,
  parseBytes,
  parseContext,
  parseCount,
  parseFraction,
  parseList,
  parsePort,
  parseThreads,
  parseTokens,
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
const METHODS = ['reference', 'optimal', 'optimal-square', 'optimal-ggml', 'exhaustive'] satisfies Method[]
const TARGETS = ['llama.cpp', 'ik_llama.cpp'] satisfies Exclude<Target, 'analysis'>[]
const CACHE_TYPES = ['F16', 'Q8_0', 'Q4_0'] satisfies CacheType[]
const DAMAGE_MODELS = ['error', 'importance', 'priors', 'measured'] satisfies DamageModel[]

/** `A,B`, and the option given again. */
function parseMethods(text: string, previous: readonly Method[] = []): readonly Method[] {
  const names = parseList(text)
  const methods = names.map((name) => METHODS.find((method) => method === name))
  if (methods.every((method) => method !== undefined)) return [...new Set([...previous, ...methods])]
  throw new InvalidArgumentError(`Allowed choices are ${METHODS.join(', ')}`)
}

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

const PURE = ['--pure', "the preset's main format for every tensor"] as const

function addPlanningCommands(program: Command, action: Action): void {
  addGoalOptions(
    program
      .command('plan <model>')
      .description('choose a format for every tensor, by preset or for a budget'),
  )
    .option('--formats <names>', 'formats to choose from, with commas between them', parseList)
    .addOption(new Option('--target <runtime>', 'which runtime must load the file').choices(TARGETS))
    .option(
      '--method <names>',
      `how codes are chosen: ${METHODS.join(', ')}; the best of several`,
      parseMethods,
    )
    .option(...IMATRIX)
    .addOption(new Option('--damage <model>', 'how damage is predicted').choices(DAMAGE_MODELS))
    .option('--sensitivity <file>', 'what `sensitivity -o` has written')
    .option('--pin <glob=format>', 'fix the format of matching tensors; may be given again', collect)
    .option('--exclude <glob>', 'keep the stored bytes of matching tensors; may be given again', collect)
    .option('--group <glob>', 'matching tensors share a format; may be given again', collect)
    .option('--minimum <glob=format>', 'at least the bits of this format; may be given again', collect)
    .option('--multiplier <glob=factor>', 'damage of matching tensors counts so many times', collect)
    .option('--sample <fraction>', 'measure what is missing on this fraction of the rows', parseFraction)
    .option('-o, --output <file>', 'write the plan')
    .option('--recipe <file>', 'write the text that llama-quantize --tensor-type-file takes')
    .action(action(async () => (await import('./commands/plan.ts')).plan))
  program
    .command('export <model>')
    .description('write a GGUF')
    .addOption(new Option('--plan <file>', 'a plan from `plan -o`, or a recipe').conflicts('preset'))
    .option('--preset <name>', 'a preset, as in `plan`')
    .option(...PURE)
    .requiredOption('-o, --output <file>', 'the GGUF to write')
    .addOption(methodOption())
    .option(...IMATRIX)
    .option('--kv <key=type:value>', 'set metadata; may be given again', collect)
    .option('--overwrite', 'replace an existing file')
    .option('--allow-requantize', 'quantize weights that are quantized already')
    .option('--dry-run', 'tell the exact size and write nothing')
    .action(action(async () => (await import('./commands/export.ts')).exportModel))
}

/** What the plan is to be: one of these. */
function addGoalOptions(command: Command): Command {
  return command
    .option('--preset <name>', "a mix of llama.cpp's, such as Q4_K_M")
    .option(...PURE)
    .option('--bpw <bits>', 'at most so many bits per weight', parseBitsPerWeight)
    .option('--size <bytes>', 'a file of at most so many bytes, 4.2GiB or 3.9GB', parseBytes)
    .option('--memory <bytes>', 'weights, keys and values in at most so many bytes', parseBytes)
    .option('--context <n>', 'tokens to keep keys and values for, with --memory', parseTokens)
    .addOption(new Option('--cache-type <type>', 'how keys and values are kept').choices(CACHE_TYPES))
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
