import { expect, it } from 'vitest'
import { Limiter, forEachConcurrently } from '../../../main/services/jobs/limiter.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('runs no more actions at once than allowed, all of them in order', async () => {
  const limiter = new Limiter(2)
  let [running, most] = [0, 0]
  const begun: number[] = []
  const action = async (index: number): Promise<void> => {
    begun.push(index)
    most = Math.max(most, (running += 1))
    await turn()
    running -= 1
  }
  await Promise.all([0, 1, 2, 3, 4].map((index) => limiter.run(() => action(index))))
  expect(most).toBe(2)
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

it('frees the place of an action that fails', async () => {
  const limiter = new Limiter(1)
  await expect(limiter.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(limiter.run(() => Promise.resolve(7))).resolves.toBe(7)
})

it('begins no further item after a failure and waits for those under way', async () => {
  const ended: number[] = []
  const action = async (item: number): Promise<void> => {
    if (item === 1) throw new Error('second')
    await turn()
    await turn()
    ended.push(item)
  }
  await expect(forEachConcurrently([0, 1, 2, 3, 4, 5], 3, action)).rejects.toThrow('second')
  expect(ended).toEqual([0, 2])
})

it('runs an action for every item', async () => {
  const seen: number[] = []
  await forEachConcurrently([5, 6, 7].values(), 10, (item) => Promise.resolve(void seen.push(item)))
  expect(seen).toEqual([5, 6, 7])
})
