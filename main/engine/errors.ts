/** Who is at fault: `input` is the user's data, arguments or disk; `bug` is ours. */
export type Fault = 'input' | 'bug'

/** Plain-data form of an error: what crosses threads, processes and the wire. */
export interface ErrorData {
  /** Stable identifier; tests and the window match this, never the sentence. */
  readonly code: string
  /** One sentence: what happened. */
  readonly message: string
  /** Where: a file, a tensor, an argument. */
  readonly place?: string
  /** Byte offset in that file. */
  readonly offset?: number
  readonly expected?: string
  /** What the user can do about it. */
  readonly remedy?: string
  readonly fault: Fault
}

export type ErrorDetails = Partial<Omit<ErrorData, 'code' | 'message'>>

/**
 * Base of every expected failure.
 *
 * Structured cloning drops an error's class and fields, so convert with {@link toErrorData}
 * before a boundary and with {@link fromErrorData} behind it.
 */
export class QuantaloupeError extends Error {
  readonly code: string
  readonly details: ErrorDetails

  constructor(code: string, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = 'QuantaloupeError'
    this.code = code
    this.details = details
  }
}

/** Plain data of any thrown value; what is not a {@link QuantaloupeError} counts as our bug. */
export function toErrorData(thrown: unknown): ErrorData {
  if (thrown instanceof QuantaloupeError) {
    return { fault: 'input', ...thrown.details, code: thrown.code, message: thrown.message }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { fault: 'bug', code: 'INTERNAL', message }
}

export function fromErrorData(data: ErrorData): QuantaloupeError {
  const { code, message, ...details } = data
  return new QuantaloupeError(code, message, details)
}

/** One line for a terminal: what, where in the file, what was expected, what to do. */
export function describeError(data: ErrorData): string {
  const place = [data.place, data.offset === undefined ? undefined : `byte ${data.offset}`]
  const where = place.filter((part) => part !== undefined).join(', ')
  const parts = [data.message.replace(/\.$/, '')]
  if (data.expected) parts.push(`expected ${data.expected}`)
  if (where) parts.push(`at ${where}`)
  const sentence = `${parts.join('; ')}.`
  return data.remedy ? `${sentence} ${data.remedy}` : sentence
}
