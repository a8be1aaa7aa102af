import type { ErrorData, Outcome } from '../../preload/contract.ts'

/** Outcome of a reply; anything else than an Outcome in JSON becomes an error with the status in it. */
export async function readOutcome<T>(response: Response): Promise<Outcome<T>> {
  const text = await response.text()
  try {
    const value = JSON.parse(text) as Outcome<T>
    if (typeof value === 'object' && value !== null && 'ok' in value) return value
  } catch {
    // Falls through: a proxy's page or an empty body.
  }
  return { ok: false, error: statusError(response.status) }
}

function statusError(status: number): ErrorData {
  const refused = status === 401 || status === 403
  return {
    code: refused ? 'NOT_ALLOWED' : 'BAD_REPLY',
    message: refused
      ? 'The host does not know this page any more.'
      : `The host answered with status ${status} instead of a result.`,
    remedy: refused ? 'Open the address that the host printed last.' : 'Reload the page.',
    fault: refused ? 'input' : 'bug',
  }
}
