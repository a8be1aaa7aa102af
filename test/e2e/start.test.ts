import { afterAll, describe, expect, it } from 'vitest'
import { BUILT_ENTRY, CommandLine, SAMPLE } from '../support/cli.ts'

/** The bundle is another program than the sources that the other tests run: every command has to start from it. */
describe('the built command line', () => {
  const cli = new CommandLine(BUILT_ENTRY)
  afterAll(() => cli.remove())

  it('opens the workstation for a browser where there is no display', async () => {
    const env = { DISPLAY: '', WAYLAND_DISPLAY: '' }
    const running = cli.start(['open', SAMPLE], { env })
    const [address] = await running.printed(/http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/)
    const page = await fetch(address, { redirect: 'manual' })
    running.child.kill('SIGTERM')
    expect(page.status).toBe(303)
    expect((await running.ended).code).toBe(0)
  })

  it('inspects, measures, plans, exports and compares', async () => {
    const [plan, output] = [cli.path('plan.json'), cli.path('out.gguf')]
    await cli.json('inspect', SAMPLE)
    await cli.json('formats')
    await cli.json('analyze', SAMPLE, '--formats', 'Q4_0', '--sample', '0.1')
    await cli.json('plan', SAMPLE, '--preset', 'Q4_0', '-o', plan)
    await cli.json('export', SAMPLE, '--plan', plan, '-o', output)
    const difference = JSON.stringify(await cli.json('diff', SAMPLE, output))
    expect(difference).toContain('Q4_0')
  })
})
