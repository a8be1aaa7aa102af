import { afterAll, expect, it } from 'vitest'
import { CommandLine } from '../support/cli.ts'
import { analyzeSchema, dryRunSchema } from '../support/cli-schemas.ts'
import {
  EXPERT_STACK,
  EXPERTS,
  EXPERT_COLUMNS,
  writeExpertModel,
  writeImatrix,
} from '../support/expert-model.ts'
import { randomImportance } from '../support/random-rows.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

const model = writeExpertModel(cli.folder)
const sums = randomImportance('lognormal', EXPERT_COLUMNS * EXPERTS, 1)
const imatrix = writeImatrix(cli.folder, 'legacy', { [EXPERT_STACK]: { sums, counts: [3] } })

it('tells how the imatrix covers the model, in notes and in the document', async () => {
  const args = ['analyze', model, '--formats', 'Q8_0', '--imatrix', imatrix, '--json']
  const { code, stdout, stderr } = await cli.run(...args)
  expect(code).toBe(0)
  const { findings } = analyzeSchema.parse(JSON.parse(stdout))
  expect(findings.map((finding) => finding.code)).toEqual(['IMPORTANCE_MISSING'])
  expect(stderr).toContain('note: The importance matrix has no entry for 4 of 5 tensors: token_embd.weight')
})

it('refuses a format that needs importance, with tensor, format and remedy', async () => {
  for (const command of ['plan', 'export']) {
    const rest = command === 'export' ? ['-o', 'out.gguf'] : []
    const { code, stdout, stderr } = await cli.run(command, model, '--preset', 'IQ2_XS', '--pure', ...rest)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/IQ2_XS needs importance, and token_embd\.weight has none.*Give such an imatrix/)
  }
})

it('shows which format a row length replaces, and by which', async () => {
  const { stdout, stderr } = await cli.run('plan', model, '--preset', 'Q4_K')
  expect(stdout).toMatch(/format +instead of +tensors/)
  expect(stdout).toMatch(/^Q5_0 +Q4_K +1 /m)
  expect(stderr).toContain('note: Q5_0 instead of Q4_K for 1 tensor with rows that are no multiples of 256')
  const args = ['export', model, '--preset', 'Q4_K', '-o', 'out.gguf', '--dry-run', '--json']
  const { tensors, findings } = dryRunSchema.parse(JSON.parse((await cli.run(...args)).stdout))
  expect(tensors.find(({ name }) => name === 'blk.0.attn_output.weight')).toMatchObject({
    requested: 'Q4_K',
    format: 'Q5_0',
  })
  expect(findings.map((finding) => finding.code)).toEqual(['SHAPE_FALLBACK'])
})
