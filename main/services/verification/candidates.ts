import { openModel } from '../../engine/formats/open-model.ts'
import type { PlanChoices } from '../../../preload/contract.ts'
import type { ExportWork } from '../exports/export-work.ts'
import { dropTemporary } from '../files/temporary-file.ts'
import type { JobContext } from '../jobs/job.ts'
import { llamaPath } from '../llama/llama-path.ts'
import { innerContext } from './inner-context.ts'

/** What llama.cpp is given to compare, and what is told of it beside its figures. */
export interface CandidateFile {
  /** For llama.cpp. */
  readonly path: string
  readonly fileBytes: number
  readonly bpw: number
}

/** Something to compare with the reference. */
export interface Candidate {
  readonly choices: PlanChoices | null
  readonly imatrix: string | null
  /** Brings the candidate to the disk, where it is not there. @throws QuantaloupeError as `ExportWork.run` */
  prepare(context: JobContext): Promise<CandidateFile>
  /** Removes what `prepare` wrote. */
  clear(): void
}

/** @throws QuantaloupeError `CONVERSION_NEEDED`, what the readers report */
export function fileCandidate(path: string): Candidate {
  // Told now, and looked at again when its turn comes.
  describeFile(path)
  return {
    choices: null,
    imatrix: null,
    prepare: () => Promise.resolve(describeFile(path)),
    clear: () => undefined,
  }
}

/** @param work exports the plan to a temporary path */
export function planCandidate(work: ExportWork, imatrix: string | null): Candidate {
  const { choices, path } = work.request
  return {
    choices,
    imatrix,
    async prepare(context) {
      await work.run(innerContext(context))
      return describeFile(path)
    },
    clear: () => dropTemporary(path),
  }
}

function describeFile(path: string): CandidateFile {
  const model = openModel(path)
  return { path: llamaPath(model), fileBytes: model.bytes, bpw: model.bpw }
}
