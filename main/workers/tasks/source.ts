import { FileBytes } from '../../engine/formats/file-bytes.ts'
import { chooseKernels, type Kernels } from '../../engine/kernels/kernels.ts'
import { RowReader } from '../../engine/tensor/row-reader.ts'
import { ControlView } from '../control.ts'
import type { Task, TensorSource } from '../protocol.ts'

/** Opens the source, makes sure it is the file whose header was read, and closes it afterwards. */
export function withSource<T>(source: TensorSource, action: (file: FileBytes) => T): T {
  return FileBytes.with(source.file.path, (file) => {
    file.checkUnchanged(source.file)
    return action(file)
  })
}

/** As {@link withSource}, for tasks that decode rows. */
export function withRows<T>(task: Task, action: (reader: RowReader, kernels: Kernels) => T): T {
  const kernels = chooseKernels(task.useNative)
  return withSource(task.source, (file) => action(new RowReader(file, task.source, kernels), kernels))
}

/** Counts finished weights and looks at the job's switch: sleeps while paused, throws `CANCELLED`. */
export function stepper(control: SharedArrayBuffer): (weights: number) => void {
  const view = new ControlView(control)
  view.check()
  return (weights) => {
    view.advance(weights)
    view.check()
  }
}
