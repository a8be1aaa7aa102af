import type { ErrorData, Outcome } from '../../preload/contract.ts'
import { readOutcome } from './outcome.ts'

/**
 * Streams dropped files to the browser host, one after the other, into a folder of their own.
 *
 * @param progress called with the fraction of all bytes that has been sent, 0 to 1
 * @returns the path to open: the file, or the folder when several were dropped
 */
export async function uploadFiles(
  origin: string,
  files: readonly File[],
  progress: (fraction: number) => void,
): Promise<Outcome<string>> {
  const batch = `${origin}/api/upload/${crypto.randomUUID()}`
  const total = Math.max(
    1,
    files.reduce((sum, file) => sum + file.size, 0),
  )
  let finished = 0
  for (const file of files) {
    const before = finished
    const url = `${batch}/${encodePath(relativePath(file))}`
    const outcome = await putFile(url, file, (sent) => progress((before + sent) / total))
    if (!outcome.ok) return outcome
    finished += file.size
  }
  progress(1)
  const done = await fetch(`${batch}/done`, { method: 'POST', credentials: 'same-origin' })
  return readOutcome<string>(done)
}

/** Path inside the dropped folder, or the bare name. */
function relativePath(file: File): string {
  return file.webkitRelativePath || file.name
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/** XMLHttpRequest, because fetch does not report how much of a body was sent. */
function putFile(url: string, file: File, sent: (bytes: number) => void): Promise<Outcome<null>> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.addEventListener('progress', (event) => sent(event.loaded))
    request.addEventListener('error', () =>
      resolve({ ok: false, error: uploadError(file, 'the connection broke') }),
    )
    request.addEventListener('load', () => {
      if (request.status < 300) resolve({ ok: true, value: null })
      else resolve(failedUpload(request, file))
    })
    request.send(file)
  })
}

function failedUpload(request: XMLHttpRequest, file: File): Outcome<null> {
  try {
    const reply = JSON.parse(request.responseText) as Outcome<null>
    if (!reply.ok) return reply
  } catch {
    // No JSON: the sentence below says what is known.
  }
  return { ok: false, error: uploadError(file, `the host answered with status ${request.status}`) }
}

function uploadError(file: File, reason: string): ErrorData {
  return {
    code: 'UPLOAD_FAILED',
    message: `${file.name} could not be copied to the host: ${reason}.`,
    place: file.name,
    remedy: 'Try again, or open the file from a served folder instead.',
    fault: 'input',
  }
}
