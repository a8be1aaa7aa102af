import { QuantaloupeError } from '../../engine/errors.ts'
import { openModel } from '../../engine/formats/open-model.ts'

/**
 * The model that opening a folder gives: the one model file in it (an imatrix is none), or the folder itself when its
 * files are a model together.
 *
 * A folder without a model, or with several, is given back as it is, for opening it to say what is wrong.
 */
export function modelInFolder(folder: string): string {
  try {
    return openModel(folder).path
  } catch (error) {
    if (error instanceof QuantaloupeError) return folder
    throw error
  }
}
