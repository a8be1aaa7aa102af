import { randomBytes, timingSafeEqual } from 'node:crypto'
import { QuantaloupeError } from '../engine/errors.ts'

const secret = (): string => randomBytes(32).toString('base64url')

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * Who may use the server: the browser that came first with the printed token.
 *
 * The token is worth one cookie. It stays in the terminal and the browser's history, so it must not open the door twice.
 */
export class Session {
  readonly token = secret()
  readonly #cookie = secret()
  readonly #name: string
  #spent = false

  /** The port is part of the cookie's name: browsers keep one jar for all ports of a host. */
  constructor(port: number) {
    this.#name = `quantaloupe-${port}`
  }

  /** Whether the `Cookie` header carries this session. */
  accepts(header: string | undefined): boolean {
    const pairs = (header ?? '').split(';').map((pair) => pair.trim())
    const prefix = `${this.#name}=`
    return pairs.some((pair) => pair.startsWith(prefix) && equal(pair.slice(prefix.length), this.#cookie))
  }

  /**
   * Exchanges the token for the value of a `Set-Cookie` header, once.
   *
   * @throws QuantaloupeError `TOKEN_SPENT`, `UNAUTHORIZED`
   */
  enter(token: string): string {
    if (!equal(token, this.token)) throw unauthorized()
    if (this.#spent) {
      throw new QuantaloupeError('TOKEN_SPENT', 'This address has been used already', {
        remedy: 'Use the browser that opened it first, or restart quantaloupe for a new address.',
      })
    }
    this.#spent = true
    return `${this.#name}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`
  }
}

export function unauthorized(): QuantaloupeError {
  return new QuantaloupeError('UNAUTHORIZED', 'This page needs the address that quantaloupe printed', {
    remedy: 'Open the whole address from the terminal, with its token.',
  })
}
