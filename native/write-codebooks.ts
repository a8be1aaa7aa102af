/** Writes `src/codebooks.h`, the grids for C++, from the engine's: `node native/write-codebooks.ts`. */
import { writeFileSync } from 'node:fs'
import * as codebooks from '../main/engine/quantizers/codebooks.ts'

const WORDS_PER_LINE = 14

function array(name: string, points: Uint16Array): string {
  const words = Array.from(points, (point) => `0x${point.toString(16).padStart(4, '0')},`)
  const lines = Array.from({ length: Math.ceil(words.length / WORDS_PER_LINE) }, (_, line) =>
    words.slice(line * WORDS_PER_LINE, (line + 1) * WORDS_PER_LINE).join(' '),
  )
  return `static const uint16_t ${name}[${points.length}] = {\n  ${lines.join('\n  ')}\n};\n`
}

/** The text of `src/codebooks.h`. */
export function codebooksHeader(): string {
  return [
    '// Points of the grids as packed words. Written by native/write-codebooks.ts; do not edit.\n',
    '#pragma once\n',
    '#include <cstdint>\n',
    'namespace quantaloupe {\n',
    ...Object.entries(codebooks)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, points]) => array(name, points)),
    '}  // namespace quantaloupe\n',
  ].join('\n')
}

if (import.meta.main) {
  writeFileSync(new URL('src/codebooks.h', import.meta.url), codebooksHeader())
}
