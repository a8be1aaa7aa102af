/** What files of the sample model are judged on. */
import { join } from 'node:path'
import { ROOT } from '../support/imports.ts'

const SHARED = join(ROOT, '../shared/models/novelist-7m')
/** Calibration and evaluation are texts of different books, and the model was trained on neither. */
export const [CALIBRATION, EVALUATION] = [join(SHARED, 'calib.txt'), join(SHARED, 'eval.txt')]
/** As in the first trial: 16 chunks of 256 tokens, every position scored. */
export const CHUNKS = 16
