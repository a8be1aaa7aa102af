/** What one client may cost the server. Tests pass smaller figures. */
export interface WebLimits {
  /** Largest JSON request. */
  readonly bodyBytes: number
  /** Time for a whole JSON request to arrive. */
  readonly bodyMs: number
  /** Longest silence within an upload. */
  readonly uploadIdleMs: number
  /** Disk space an upload must leave free. */
  readonly uploadReserveBytes: number
  readonly uploadFiles: number
  readonly eventClients: number
  /** Unsent event bytes after which a client that does not read is dropped. */
  readonly eventBacklogBytes: number
  readonly heartbeatMs: number
}

export const DEFAULT_LIMITS: WebLimits = {
  bodyBytes: 8 * 2 ** 20,
  bodyMs: 30_000,
  uploadIdleMs: 30_000,
  uploadReserveBytes: 256 * 2 ** 20,
  uploadFiles: 10_000,
  eventClients: 32,
  eventBacklogBytes: 8 * 2 ** 20,
  heartbeatMs: 15_000,
}
