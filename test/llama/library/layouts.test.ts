import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import { checkLayouts, contextParameters, modelParameters } from '../../../main/llama/library/layouts.ts'
import { openLibrary } from '../../../main/llama/library/library.ts'
import { findPrebuilt } from '../../../main/llama/library/prebuilt.ts'

const { call } = openLibrary()
const [version, model, context] = [call.version(), call.model_default_params(), call.context_default_params()]

/** The library's defaults as a structure would read them that has a field more, in front of another. */
function shifted(kind: 'model' | 'context', before: string): Record<string, number> {
  const known = kind === 'model' ? modelParameters : contextParameters
  const members = Object.entries(known.members ?? {}).flatMap(([name, { type }]) =>
    name === before ? [['added', type] as const, [name, type] as const] : [[name, type] as const],
  )
  const library = koffi.load(findPrebuilt().paths[2])
  const defaults = library.func(`llama_${kind}_default_params`, koffi.struct(Object.fromEntries(members)), [])
  return defaults() as Record<string, number>
}

describe('the structures of the binding', () => {
  it('are those of the installed library', () => {
    expect([koffi.sizeof(modelParameters), koffi.sizeof(contextParameters)]).toEqual([80, 160])
    expect(() => checkLayouts(version, model, context)).not.toThrow()
  })

  it('are not used with another version', () => {
    expect(() => checkLayouts('0.6.0', model, context)).toThrow(/version is 0\.6\.0 instead of 0\.5\.0/)
  })

  it.each(['n_gpu_layers', 'split_mode', 'load_mode', 'use_extra_bufts', 'no_host'])(
    'are refused when the model has a field more before %s',
    (field) => {
      const given = shifted('model', field)
      expect(() => checkLayouts(version, given, context)).toThrow(/llama_model_params\.\w+ is/)
    },
  )

  it.each(['n_batch', 'n_seq_max', 'n_threads', 'flash_attn_type', 'yarn_orig_ctx', 'type_k', 'no_perf'])(
    'are refused when the context has a field more before %s',
    (field) => {
      const given = shifted('context', field)
      expect(() => checkLayouts(version, model, given)).toThrow(/llama_context_params\.\w+ is/)
    },
  )
})
