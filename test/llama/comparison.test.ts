import { closeSync, copyFileSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import { openGguf } from '../../main/engine/formats/gguf-model.ts'
import { perplexity, summarizeComparison } from '../../main/llama/index.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { compareAll, processWith, SAMPLE_COMPARISON, testComparison } from '../support/comparisons.ts'
import { logitsByNodeLlama } from '../support/node-llama.ts'
import { LLAMA_PROCESS, testFolder } from '../support/services.ts'
import { writeTinyLlama } from '../support/tiny-llama.ts'

const cli = new CommandLine()
const [COARSE, FINE] = [cli.path('coarse.gguf'), cli.path('fine.gguf')]
beforeAll(async () => {
  await cli.run('export', SAMPLE, '--preset', 'Q2_K', '-o', COARSE)
  await cli.run('export', SAMPLE, '--preset', 'Q8_0', '-o', FINE)
})
afterAll(() => cli.remove())

describe('a comparison', () => {
  it('tells how the text is cut', async () => {
    const { chunks, tokensPerChunk, scoredPerChunk, vocabulary } = await testComparison()
    expect({ chunks, tokensPerChunk, scoredPerChunk, vocabulary }).toEqual({
      chunks: 2,
      tokensPerChunk: 64,
      scoredPerChunk: 31,
      vocabulary: 4096,
    })
    expect((await testComparison({ scored: 'all' })).scoredPerChunk).toBe(63)
  })

  it('finds nothing between a model and itself', async () => {
    const chunks = await compareAll(await testComparison({ scored: 'all' }), SAMPLE)
    for (const chunk of chunks) {
      expect(chunk.divergences).toEqual(new Float32Array(63))
      expect(chunk).toMatchObject({ sameTop: 63, scored: 63, tokens: 64 })
      expect(chunk.candidateLoss).toBe(chunk.referenceLoss)
    }
  })

  it('finds much for few bits and little for many', async () => {
    const comparison = await testComparison()
    const coarse = summarizeComparison(await compareAll(comparison, COARSE))
    const fine = summarizeComparison(await compareAll(comparison, FINE))
    expect(coarse.kld.mean).toBeGreaterThan(0.005)
    expect(fine.kld.mean).toBeGreaterThan(0)
    expect(fine.kld.mean).toBeLessThan(0.05 * coarse.kld.mean)
    expect(coarse.sameTopToken).toBeLessThan(fine.sameTopToken)
  })

  it('is what node-llama-cpp gives, computed by the definition', async () => {
    const positions = [31, 40, 62]
    const reference = await logitsByNodeLlama(SAMPLE, DEMO_TEXT, 64, positions)
    const candidate = await logitsByNodeLlama(COARSE, DEMO_TEXT, 64, positions)
    const expected = positions.map((_, index) =>
      divergence(reference.logits[index]!, candidate.logits[index]!),
    )
    const [chunk] = await compareAll(await testComparison({ scored: 'all' }), COARSE)
    for (const [index, position] of positions.entries()) {
      expect(Math.abs(chunk!.divergences[position]! / expected[index]! - 1)).toBeLessThan(1e-6)
    }
  })

  it('has the losses of the perplexity', async () => {
    const { referenceLoss, candidateLoss } = summed(await compareAll(await testComparison(), COARSE))
    const loss = async (modelPath: string): Promise<number> => {
      const task = { ...SAMPLE_COMPARISON, modelPath }
      return (await perplexity(task, { processUrl: LLAMA_PROCESS })).meanLoss
    }
    expect(referenceLoss / 62).toBeCloseTo(await loss(SAMPLE), 12)
    expect(candidateLoss / 62).toBeCloseTo(await loss(COARSE), 12)
  })

  it('scores the second half the same whether the first is scored or not', async () => {
    const [half] = await compareAll(await testComparison(), COARSE)
    const [all] = await compareAll(await testComparison({ scored: 'all' }), COARSE)
    expect(half!.divergences).toEqual(all!.divergences.slice(32))
  })

  it('takes several batches for a vocabulary that is too large for one', async () => {
    const referencePath = tinyModel({ vocabulary: 70_000 })
    const comparison = await testComparison({ referencePath, context: 256, chunks: 1, scored: 'all' })
    const louder = tinyModel({ vocabulary: 70_000, outputNorm: 1.1 })
    const { kld, sameTopToken } = summarizeComparison(await compareAll(comparison, louder))
    expect(comparison.vocabulary).toBe(70_000)
    // All logits grow by a tenth; they are normal with a variance of 1, so the divergence is 0.1^2 / 2 at most.
    expect(kld.max).toBeLessThan(0.006)
    expect(kld.mean).toBeGreaterThan(0.004)
    expect(sameTopToken).toBe(1)
  })
})

describe('an exchange of the candidate', () => {
  it('sees a file that was changed in place, and that it was changed back', async () => {
    const path = join(testFolder(), 'patched.gguf')
    copyFileSync(SAMPLE, path)
    const comparison = await testComparison({ chunks: 1 })
    const before = summed(await compareAll(comparison, path))
    const restore = overwrite(path, 'blk.1.ffn_down.weight')
    const patched = summed(await compareAll(comparison, path))
    restore()
    expect(before.divergence).toBe(0)
    expect(patched.divergence).toBeGreaterThan(0.1)
    expect(summed(await compareAll(comparison, path))).toEqual(before)
  })

  it('is needed before anything is compared', async () => {
    const comparison = await testComparison()
    await expect(comparison.compareChunk(0)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('refuses another vocabulary, with both sizes, and goes on with the next candidate', async () => {
    const other = tinyModel({ vocabulary: 1000 })
    const comparison = await testComparison()
    const refusal = comparison.setCandidate(other)
    await expect(refusal).rejects.toMatchObject({ code: 'VOCABULARY_MISMATCH', details: { place: other } })
    await expect(refusal).rejects.toThrow(/1000.*4096/)
    expect(summed(await compareAll(comparison, SAMPLE)).divergence).toBe(0)
  })

  it('refuses another tokenizer of the same size', async () => {
    const other = tinyModel({ vocabulary: 4096 })
    const refusal = (await testComparison()).setCandidate(other)
    await expect(refusal).rejects.toMatchObject({ code: 'VOCABULARY_MISMATCH' })
    await expect(refusal).rejects.toThrow(/other tokens.*4096/)
  })

  it('tells what llama.cpp says of a damaged file, and goes on with the next candidate', async () => {
    const damaged = join(testFolder(), 'damaged.gguf')
    copyFileSync(COARSE, damaged)
    truncateSync(damaged, 2_000_000)
    const comparison = await testComparison({ chunks: 1 })
    const refusal = comparison.setCandidate(damaged)
    await expect(refusal).rejects.toMatchObject({ code: 'MODEL_REFUSED', details: { place: damaged } })
    await expect(refusal).rejects.toThrow(/not within the file bounds/)
    expect(summed(await compareAll(comparison, SAMPLE)).divergence).toBe(0)
  })

  it('refuses weights that are no numbers', async () => {
    const broken = tinyModel({ vocabulary: 300, outputNorm: NaN })
    const referencePath = tinyModel({ vocabulary: 300 })
    const comparison = await testComparison({ referencePath, chunks: 1 })
    const refusal = compareAll(comparison, broken)
    await expect(refusal).rejects.toMatchObject({ code: 'MODEL_REFUSED', details: { place: broken } })
    const task = { ...SAMPLE_COMPARISON, modelPath: broken }
    const measured = perplexity(task, { processUrl: LLAMA_PROCESS })
    await expect(measured).rejects.toMatchObject({ code: 'MODEL_REFUSED', details: { place: broken } })
  })
})

describe('a comparison ends', () => {
  it('before it begins when the text is too short', async () => {
    const opening = testComparison({ text: 'Too short.' })
    await expect(opening).rejects.toMatchObject({
      code: 'TEXT_TOO_SHORT',
      details: { expected: 'at least 64' },
    })
    await expect(opening).rejects.toThrow(/only \d tokens/)
  })

  it('when it is cancelled, whatever is asked of it', async () => {
    const controller = new AbortController()
    const comparison = await testComparison({}, { signal: controller.signal })
    await comparison.setCandidate(SAMPLE)
    const running = comparison.compareChunk(0)
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(comparison.compareChunk(1)).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(testComparison({}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it('with the last words of a process that crashes', async () => {
    const processUrl = processWith(`
      process.on('message', ({ call }) => {
        if (call !== 'compareChunk') return
        console.error('out of luck')
        process.kill(process.pid, 'SIGSEGV')
      })`)
    const comparison = await testComparison({}, { processUrl })
    await comparison.setCandidate(COARSE)
    const running = comparison.compareChunk(0)
    await expect(running).rejects.toMatchObject({ code: 'LLAMA_CRASHED', details: { place: COARSE } })
    await expect(running).rejects.toThrow(/out of luck/)
    await expect(comparison.setCandidate(SAMPLE)).rejects.toMatchObject({ code: 'LLAMA_CRASHED' })
  })

  it('without leaving a process behind', async () => {
    const idFile = join(testFolder(), 'pid')
    const script = `
      import { writeFileSync } from 'node:fs'
      writeFileSync(${JSON.stringify(idFile)}, String(process.pid))`
    const comparison = await testComparison({}, { processUrl: processWith(script) })
    const id = Number(readFileSync(idFile, 'utf8'))
    expect(process.kill(id, 0)).toBe(true)
    await comparison.close()
    expect(() => process.kill(id, 0)).toThrow(/ESRCH/)
    await expect(comparison.compareChunk(0)).rejects.toThrow(/closed/)
  })
})

function divergence(reference: Float32Array, candidate: Float32Array): number {
  const logSum = (logits: Float32Array): number =>
    Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
  const [r, c] = [logSum(reference), logSum(candidate)]
  return reference.reduce(
    (sum, logit, token) => sum + Math.exp(logit - r) * (logit - r - candidate[token]! + c),
    0,
  )
}

function summed(chunks: Awaited<ReturnType<typeof compareAll>>) {
  const total = { divergence: 0, referenceLoss: 0, candidateLoss: 0 }
  for (const chunk of chunks) {
    total.divergence += chunk.divergences.reduce((sum, value) => sum + value, 0)
    total.referenceLoss += chunk.referenceLoss
    total.candidateLoss += chunk.candidateLoss
  }
  return total
}

/** Makes a tensor's weights zero in the file itself. @returns what undoes it */
function overwrite(path: string, name: string): () => void {
  const tensor = openGguf(path).tensors.find((found) => found.name === name)!
  const file = openSync(path, 'r+')
  const before = new Uint8Array(tensor.bytes)
  readSync(file, before, 0, before.length, tensor.offsetBytes)
  writeSync(file, new Uint8Array(tensor.bytes), 0, tensor.bytes, tensor.offsetBytes)
  return () => {
    writeSync(file, before, 0, before.length, tensor.offsetBytes)
    closeSync(file)
  }
}

function tinyModel(options: Parameters<typeof writeTinyLlama>[1]): string {
  const path = join(testFolder(), 'tiny.gguf')
  writeTinyLlama(path, options)
  return path
}
