import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { describeDifferential } from '../../support/differential.ts'

/** A file of their own: ggml builds the tables of these formats for ten seconds and more. */
describeDifferential(FORMATS.filter(({ family }) => family === 'i'))
