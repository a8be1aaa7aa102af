import type { JobContext } from '../jobs/job.ts'
import { ProgressMeter } from '../jobs/progress-meter.ts'

/** The context of a job within a job: it pauses and ends with the whole, but its tensors and bytes are its own. */
export function innerContext(outer: JobContext): JobContext {
  return {
    threads: outer.threads,
    meter: new ProgressMeter(),
    chunks: new ProgressMeter(),
    signal: outer.signal,
    get findings() {
      return outer.findings
    },
    run: (task) => outer.run(task),
    checkpoint: () => outer.checkpoint(),
    tensorDone: () => undefined,
    progress: () => undefined,
    find: (finding) => outer.find(finding),
    note: (code, message) => outer.note(code, message),
  }
}
