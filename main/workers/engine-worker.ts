/** Entry of the engine's worker threads: one task in, one reply out. */
import { toErrorData } from '../engine/errors.ts'
import type { Task, TaskReply, TaskResults } from './protocol.ts'
import { compare } from './tasks/compare.ts'
import { copyBytes } from './tasks/copy.ts'
import { explore } from './tasks/explore.ts'
import { fingerprint } from './tasks/fingerprint.ts'
import { histogram } from './tasks/histogram.ts'
import { locate } from './tasks/locate.ts'
import { measure } from './tasks/measure.ts'
import { quantize } from './tasks/quantize.ts'
import { twin } from './tasks/twin.ts'

function perform(task: Task): TaskResults[Task['kind']] {
  switch (task.kind) {
    case 'fingerprint':
      return fingerprint(task)
    case 'measure':
      return measure(task)
    case 'histogram':
      return histogram(task)
    case 'quantize':
      return quantize(task)
    case 'twin':
      return twin(task)
    case 'copy':
      return copyBytes(task)
    case 'compare':
      return compare(task)
    case 'locate':
      return locate(task)
    case 'explore':
      return explore(task)
  }
}

/**
 * Never throws: structured cloning would drop an error's code.
 *
 * A named export, and no default one: the pool loads this module with `require`, Node makes a facade for a default
 * export then, and a thread that is ended at that moment takes the whole process with it (an assertion in Node 24).
 */
export function runTask(task: Task): TaskReply<Task['kind']> {
  try {
    return { ok: true, value: perform(task) }
  } catch (thrown) {
    return { ok: false, error: toErrorData(thrown) }
  }
}
