import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { formatsSchema, inspectSchema } from '../support/cli-schemas.ts'
import { ROOT } from '../support/imports.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

describe('inspect', () => {
  it('prints one document that keeps to its schema', async () => {
    const document = inspectSchema.parse(await cli.json('inspect', SAMPLE))
    expect(document).toMatchObject({ container: 'gguf', architecture: 'llama', parameters: 6_819_072 })
    expect(document.tensors).toHaveLength(57)
    expect(document.tensors[2]).toEqual({
      name: 'blk.0.attn_q.weight',
      shape: [256, 256],
      type: 'F16',
      bytes: 131_072,
      layer: 0,
      role: 'attn_q',
      quantizable: true,
    })
  })

  it('tells long arrays by type and length', async () => {
    const { metadata } = inspectSchema.parse(await cli.json('inspect', SAMPLE))
    expect(metadata['tokenizer.ggml.tokens']).toEqual({ type: 'array', elementType: 'string', length: 4096 })
    expect(metadata['llama.block_count']).toEqual({ type: 'u32', value: 6 })
  })

  it('opens a Hugging Face folder', async () => {
    const folder = join(ROOT, 'test/models/novelist-7m')
    const document = inspectSchema.parse(await cli.json('inspect', folder))
    expect(document).toMatchObject({ container: 'safetensors', parameters: 6_819_072 })
  })

  it('prints tables for people, without colours away from a terminal', async () => {
    const { code, stdout, stderr } = await cli.run('inspect', SAMPLE)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^model +novelist-7m\narchitecture +llama\n/)
    expect(stdout).toMatch(/^blk\.5\.ffn_down\.weight +F16 +768 x 256 +384 KiB +ffn_down +yes$/m)
    expect(stdout).not.toContain('\u001b')
  })

  it('takes paths from the folder it is called in', async () => {
    copyFileSync(SAMPLE, cli.path('model.gguf'))
    expect((await cli.run('inspect', 'model.gguf')).code).toBe(0)
  })

  it('takes paths from where npm was called, since npm changes the folder', async () => {
    const env = { npm_lifecycle_event: 'quantaloupe', INIT_CWD: join(ROOT, 'test/models') }
    const { code } = await cli.start(['inspect', 'novelist-7m'], { env }).ended
    expect(code).toBe(0)
  })

  it('waits for neither database nor threads', async () => {
    const list = cli.path('imports.txt')
    const hook = join(ROOT, 'test/support/list-imports.ts')
    await cli.start(['inspect', SAMPLE], { env: { IMPORT_LIST: list }, node: ['--import', hook] }).ended
    const imported = readFileSync(list, 'utf8')
    expect(imported).toContain('engine/formats')
    expect(imported).not.toMatch(/better-sqlite3|piscina|zod|node-llama-cpp|main\/services/)
  })

  it('ends quietly when the reader has seen enough', async () => {
    const { child, ended } = cli.start(['inspect', SAMPLE])
    child.stdout?.destroy()
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('formats', () => {
  it('prints one document that keeps to its schema', async () => {
    const formats = formatsSchema.parse(await cli.json('formats'))
    expect(formats.find(({ name }) => name === 'Q4_K')).toMatchObject({
      id: 12,
      blockSize: 256,
      blockBytes: 144,
      bpw: 4.5,
    })
  })

  it('tells people which kernels compute', async () => {
    expect((await cli.run('formats', '--no-native')).stdout).toMatch(/\nkernels: typescript\n$/)
  })
})
