/**
 * Builds the addon with the machine's compiler, unless it is up to date.
 *
 *     node native/build.js [--if-possible] [--sanitize=LIST]
 *
 * With `--if-possible` (after `npm install`) whatever is missing is told in one line, and the exit code is 0.
 * Plain JavaScript, because Node strips no types from files inside `node_modules`, where an installed package lies.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const FOLDER = import.meta.dirname
const ADDON = join(FOLDER, 'build', 'Release', 'quantaloupe.node')
const STAMP = join(FOLDER, 'build', 'stamp')
const INPUTS = ['binding.gyp', 'toolchain/*', 'src/**/*.{cc,h,inc}']
const PACKAGES = ['node-gyp', 'node-addon-api', 'node-api-headers']

const { values } = parseArgs({
  options: { 'if-possible': { type: 'boolean' }, sanitize: { type: 'string' } },
})
const require = createRequire(import.meta.url)

/** What is missing, null if the build can be tried. */
function obstacle() {
  if (process.platform === 'win32') return 'their sources need GCC or Clang'
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `there are none for ${process.arch}`
  const absent = PACKAGES.find((name) => !isInstalled(name))
  if (absent !== undefined) return `the package ${absent} is not installed`
  const compiler = process.env['CXX'] ?? 'c++'
  const absentProgram = [compiler, 'make'].find((program) => !runs(program))
  return absentProgram === undefined ? null : `${absentProgram} does not run`
}

/** @param {string} name */
function isInstalled(name) {
  return (
    require.resolve.paths(name)?.some((folder) => existsSync(join(folder, name, 'package.json'))) ?? false
  )
}

/** @param {string} program possibly with arguments, as in CXX='ccache g++' */
function runs(program) {
  return spawnSync(`${program} --version`, { shell: true, stdio: 'ignore' }).status === 0
}

/** Of everything that the addon is made from. */
function fingerprint() {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([process.platform, process.arch, process.env['CXX'], values.sanitize]))
  for (const pattern of INPUTS) {
    for (const path of globSync(pattern, { cwd: FOLDER }).sort()) {
      hash.update(`${path}\n`).update(readFileSync(join(FOLDER, path)))
    }
  }
  for (const name of PACKAGES) hash.update(readFileSync(require.resolve(`${name}/package.json`)))
  return hash.digest('hex')
}

/** @param {string} wanted */
function isUpToDate(wanted) {
  return existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted
}

/**
 * Configures and makes; make compiles again only what has changed.
 *
 * @returns {string | null} what went wrong
 */
function build() {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js')
  const toolchain = join(FOLDER, 'toolchain')
  const options = ['--nodedir', toolchain, '--jobs', 'max', '--loglevel', 'error']
  const variables = values.sanitize === undefined ? [] : ['--', `-Dsanitize=${values.sanitize}`]
  const quiet = values['if-possible'] ?? false
  const { status, error } = spawnSync(
    process.execPath,
    [nodeGyp, 'configure', 'build', ...options, ...variables],
    {
      cwd: FOLDER,
      stdio: quiet ? 'ignore' : 'inherit',
      // binding.gyp asks `node`, which has to be this one.
      env: { ...process.env, PATH: dirname(process.execPath) + delimiter + (process.env['PATH'] ?? '') },
    },
  )
  if (error) return error.message
  return status === 0 && existsSync(ADDON) ? null : 'the build failed'
}

/** @returns {string | null} what went wrong */
function run() {
  const missing = obstacle()
  if (missing !== null) return missing
  const wanted = fingerprint()
  if (isUpToDate(wanted)) return null
  rmSync(STAMP, { force: true })
  const started = performance.now()
  const problem = build()
  if (problem !== null) return problem
  mkdirSync(dirname(STAMP), { recursive: true })
  writeFileSync(STAMP, wanted)
  process.stdout.write(`Native kernels built in ${((performance.now() - started) / 1000).toFixed(0)} s.\n`)
  return null
}

const problem = run()
if (problem !== null) {
  const hint = values['if-possible'] ? '; TypeScript is used instead ("npm run build:native" shows more)' : ''
  process.stderr.write(`Native kernels not built: ${problem}${hint}.\n`)
  process.exitCode = values['if-possible'] ? 0 : 1
}
