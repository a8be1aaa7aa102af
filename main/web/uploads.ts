import { mkdir, open, readdir, rm, statfs, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { QuantaloupeError } from '../engine/errors.ts'
import { modelInFolder } from '../services/library/model-in-folder.ts'
import type { WebLimits } from './limits.ts'
import { uploadSegments } from './upload-path.ts'

const BATCH = /^[A-Za-z0-9-]{8,64}$/
const FIRST_SHARD = /-00001-of-\d{5}\.gguf$/i

interface Promised {
  bytes: number
}

/** Copies of dropped files, one folder per drop. A browser tells no paths, so the bytes travel. */
export class Uploads {
  readonly #folder: string
  readonly #limits: WebLimits
  readonly #filesOfBatch = new Map<string, number>()
  /** What each running upload has still to write. */
  readonly #promises = new Set<Promised>()

  /** @param folder private to this server; created when needed, removed by {@link close} */
  constructor(folder: string, limits: WebLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  /**
   * Streams one file into its batch; a broken upload leaves nothing.
   *
   * @throws QuantaloupeError `BAD_REQUEST`, `LENGTH_REQUIRED`, `DISK_FULL`, `UPLOAD_FAILED`
   */
  async receive(batch: string, encodedPath: string, request: IncomingMessage): Promise<void> {
    const path = join(this.#batchFolder(batch), ...uploadSegments(encodedPath))
    const promise = { bytes: declaredBytes(request) }
    this.#count(batch)
    this.#promises.add(promise)
    try {
      await this.#checkSpace()
      await this.#write(path, request, promise)
    } finally {
      this.#promises.delete(promise)
    }
  }

  /**
   * Ends a batch.
   *
   * @returns the path to open: the only file, the first shard of a split model, the only model among the files,
   *   or the folder
   * @throws QuantaloupeError `BAD_REQUEST` for a batch without files
   */
  async finish(batch: string): Promise<string> {
    const folder = this.#batchFolder(batch)
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const only = entries.length === 1 ? entries[0] : entries.find((entry) => FIRST_SHARD.test(entry.name))
    if (only) return join(folder, only.name)
    if (entries.length > 0) return modelInFolder(folder)
    throw new QuantaloupeError('BAD_REQUEST', 'No file of this drop arrived')
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #batchFolder(batch: string): string {
    if (BATCH.test(batch)) return join(this.#folder, batch)
    throw new QuantaloupeError('BAD_REQUEST', 'The upload has no valid batch name')
  }

  #count(batch: string): void {
    const files = (this.#filesOfBatch.get(batch) ?? 0) + 1
    if (files > this.#limits.uploadFiles) {
      throw new QuantaloupeError('BAD_REQUEST', 'Too many files were dropped at once', {
        expected: `at most ${this.#limits.uploadFiles}`,
        remedy: 'Drop the model file or its folder only.',
      })
    }
    this.#filesOfBatch.set(batch, files)
  }

  async #checkSpace(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(this.#folder)
    const promised = [...this.#promises].reduce((sum, { bytes }) => sum + bytes, 0)
    const needed = promised + this.#limits.uploadReserveBytes
    if (needed <= bavail * bsize) return
    throw new QuantaloupeError('DISK_FULL', 'The disk has no room for a copy of the dropped files', {
      place: this.#folder,
      expected: `${needed} free bytes`,
      remedy: 'Open the model from the file list instead, or free some space.',
    })
  }

  async #write(path: string, request: IncomingMessage, promise: Promised): Promise<void> {
    const file = await create(path)
    request.socket.setTimeout(this.#limits.uploadIdleMs, () => request.destroy())
    try {
      await pipeline(request, countDown(promise), file.createWriteStream())
    } catch (cause) {
      await rm(path, { force: true })
      throw new QuantaloupeError('UPLOAD_FAILED', 'The dropped file did not arrive whole', {}, { cause })
    } finally {
      request.socket.setTimeout(0)
    }
  }
}

/** Node's parser lets no more bytes through than the header declares. */
function declaredBytes(request: IncomingMessage): number {
  const bytes = Number(request.headers['content-length'])
  if (Number.isSafeInteger(bytes)) return bytes
  throw new QuantaloupeError('LENGTH_REQUIRED', 'The upload does not say how long it is')
}

/** Never writes over a file: two files of one drop with one name, or a file where a folder must be. */
async function create(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return await open(path, 'wx', 0o600)
  } catch (cause) {
    const message = 'The dropped file cannot be stored beside the others of this drop'
    throw new QuantaloupeError('BAD_REQUEST', message, { place: basename(path) }, { cause })
  }
}

function countDown(promise: Promised) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      promise.bytes -= chunk.length
      yield chunk
    }
  }
}
