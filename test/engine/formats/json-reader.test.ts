import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ByteReader } from '../../../main/engine/formats/byte-reader.ts'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { JsonReader } from '../../../main/engine/formats/json-reader.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()

function withJson<T>(text: string, action: (json: JsonReader) => T): T {
  return FileBytes.with(folder.write('text.json', text), (file) => {
    const json = new JsonReader(new ByteReader(file))
    const value = action(json)
    json.finish()
    return value
  })
}

/** Reads any value into plain data, as JSON.parse does. */
function readValue(json: JsonReader): unknown {
  const scalar = json.scalar(1000)
  if (scalar !== undefined) return scalar
  if (json.kind() === 'array') {
    const list: unknown[] = []
    json.array(() => list.push(readValue(json)))
    return list
  }
  const entries: [string, unknown][] = []
  json.object((key) => entries.push([key, readValue(json)]))
  return Object.fromEntries(entries)
}

function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return null
  }
}

const document = fc.json({ maxDepth: 4 })

test('what JSON.parse reads is read the same', () => {
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 1, '\t'), (text, space) => {
      const value: unknown = JSON.parse(text)
      expect(withJson(JSON.stringify(value, null, space), readValue)).toEqual(
        JSON.parse(JSON.stringify(value)),
      )
    }),
    { numRuns: 300, seed: 21 },
  )
})

test('what JSON.parse reads is passed over', () => {
  fc.assert(
    fc.property(document, (text) => withJson(JSON.stringify(JSON.parse(text)), (json) => json.skip())),
    { numRuns: 300, seed: 22 },
  )
})

test('what JSON.parse refuses is refused', () => {
  const change = fc.tuple(document, fc.nat(), fc.constantFrom('', ',', '"', '}', '[', '0', '\\', 'e', ' '))
  fc.assert(
    fc.property(change, ([text, place, inserted]) => {
      const at = place % (text.length + 1)
      const changed = text.slice(0, at) + inserted + text.slice(at + 1)
      const expected = parsed(changed)
      const read = errorOf(() => withJson(changed, readValue))
      if (expected === null) expect(read?.fault).toBe('input')
      // The one thing that is stricter here.
      else if (read !== null) expect(read.code).toBe('DUPLICATE_KEY')
    }),
    { numRuns: 1000, seed: 23 },
  )
})

test('every escape is read', () => {
  const text = '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udf83"'
  expect(withJson(text, (json) => json.string(100))).toBe(JSON.parse(text))
})

test('text longer than the window of the file is read', () => {
  const text = JSON.stringify({ long: 'ü'.repeat(700_000), after: 1 })
  const value = withJson(text, (json) => {
    const lengths: unknown[] = []
    json.object((key) => lengths.push(key, key === 'long' ? json.string(2 ** 21).length : json.number()))
    return lengths
  })
  expect(value).toEqual(['long', 700_000, 'after', 1])
})
