/** Preloaded into a process (`node --import`): writes what it imported to the file named by `IMPORT_LIST`. */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const imported = new Set<string>()

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    imported.add(resolved.url)
    return resolved
  },
})

process.once('exit', () => writeFileSync(process.env['IMPORT_LIST'] ?? '', [...imported].join('\n')))
