import { openModel } from '../../../main/engine/formats/open-model.ts'
import { WorkerPool } from '../../../main/services/pool/worker-pool.ts'
import { tensorSource } from '../../../main/services/measurements/tensor-source.ts'
import {
  cancelControl,
  createControl,
  pauseControl,
  resumeControl,
  weightsDone,
} from '../../../main/workers/control.ts'
import type { TaskOf } from '../../../main/services/pool/worker-pool.ts'
import { expect, it, onTestFinished } from 'vitest'
import { ENGINE_WORKER, floatTensor, testFolder, touch, writeSmallModel } from '../../support/services.ts'

const DYING_WORKER = new URL('../../fixtures/dying-worker.ts', import.meta.url)

function startPool(workerUrl = ENGINE_WORKER, threads = 2): WorkerPool {
  const pool = new WorkerPool(workerUrl, threads)
  onTestFinished(() => pool.close())
  return pool
}

function makeTask(name: string, path = modelWith([name]), control = createControl()): TaskOf<'fingerprint'> {
  const model = openModel(path)
  const tensor = model.tensors.find((candidate) => candidate.name === name)
  if (!tensor) throw new Error(`No ${name}`)
  return { kind: 'fingerprint', source: tensorSource(model, tensor), control, useNative: false }
}

function modelWith(names: readonly string[]): string {
  const extra = names.filter((name) => name.startsWith('blk.0.') && !name.includes('attn'))
  return writeSmallModel(testFolder(), { extra: extra.map((name) => floatTensor(name, [256, 4], 9)) })
}

it('runs tasks on several threads and gives each its own result', async () => {
  const pool = startPool()
  const path = modelWith([])
  const names = ['blk.0.attn_q.weight', 'blk.1.attn_q.weight', 'blk.0.ffn_down.weight']
  const results = await Promise.all(names.map((name) => pool.run<'fingerprint'>(makeTask(name, path))))
  expect(new Set(results).size).toBe(3)
  for (const result of results) expect(result).toMatch(/^[0-9a-f]{64}$/)
})

it('gives a worker`s error its code back', async () => {
  const path = modelWith([])
  const task = makeTask('blk.0.attn_q.weight', path)
  touch(path)
  await expect(startPool().run<'fingerprint'>(task)).rejects.toMatchObject({
    code: 'FILE_CHANGED',
    details: { place: path },
  })
})

it.each(['blk.0.exit.weight', 'blk.0.throw.weight'])(
  'fails the task of a thread that dies (%s) and goes on',
  async (name) => {
    const pool = startPool(DYING_WORKER, 1)
    const path = modelWith([name])
    await expect(pool.run<'fingerprint'>(makeTask(name, path))).rejects.toMatchObject({
      code: 'WORKER_DIED',
      details: { place: name, fault: 'bug' },
    })
    await expect(pool.run<'fingerprint'>(makeTask('blk.0.attn_q.weight', path))).resolves.toMatch(
      /^[0-9a-f]{64}$/,
    )
  },
)

it('fails only the task of the thread that died, not those waiting behind it', async () => {
  const pool = startPool(DYING_WORKER, 1)
  const path = modelWith(['blk.0.exit.weight'])
  const tasks = ['blk.0.attn_q.weight', 'blk.0.exit.weight', 'blk.1.attn_q.weight', 'blk.1.ffn_down.weight']
  const settled = await Promise.allSettled(tasks.map((name) => pool.run<'fingerprint'>(makeTask(name, path))))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})

it('ends a task whose control is cancelled before it starts', async () => {
  const control = createControl()
  cancelControl(control)
  const path = modelWith([])
  await expect(
    startPool().run<'fingerprint'>(makeTask('blk.0.attn_q.weight', path, control)),
  ).rejects.toMatchObject({
    code: 'CANCELLED',
  })
})

it('lets a task sleep while its control is paused', async () => {
  const [pool, control, path] = [startPool(), createControl(), modelWith([])]
  pauseControl(control)
  let ended = false
  const running = pool.run<'fingerprint'>(makeTask('blk.0.attn_q.weight', path, control)).finally(() => {
    ended = true
  })
  // Another task shows that the threads are up and have had their turn.
  await pool.run<'fingerprint'>(makeTask('blk.1.attn_q.weight', path))
  expect(ended).toBe(false)
  expect(weightsDone(control)).toBe(0)
  resumeControl(control)
  await expect(running).resolves.toMatch(/^[0-9a-f]{64}$/)
})

it('fails all tasks when the worker can not be started, and tries again for later ones', async () => {
  const pool = startPool(new URL('../../fixtures/no-such-worker.ts', import.meta.url))
  const path = modelWith([])
  const names = ['token_embd.weight', 'blk.0.attn_q.weight', 'blk.1.attn_q.weight', 'blk.0.ffn_down.weight']
  const attempt = () => Promise.allSettled(names.map((name) => pool.run<'fingerprint'>(makeTask(name, path))))
  for (const settled of [await attempt(), await attempt()]) {
    for (const result of settled)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_DIED' } })
  }
})

it('starts its threads before the first task where it is asked to, broken ones too', async () => {
  const pool = startPool()
  pool.start()
  await expect(pool.run<'fingerprint'>(makeTask('blk.0.attn_q.weight'))).resolves.toMatch(/^[0-9a-f]{64}$/)
  const broken = startPool(new URL('./no-such-worker.ts', import.meta.url))
  broken.start()
  await new Promise((resolve) => setTimeout(resolve, 500))
  await expect(broken.run<'fingerprint'>(makeTask('blk.0.attn_q.weight'))).rejects.toMatchObject({
    code: 'WORKER_DIED',
  })
})
