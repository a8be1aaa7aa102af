/**
 * Version of the engine's answers: part of the key of every cached measurement.
 *
 * Raise it whenever the same weights, format and method would give other figures or other bytes.
 */
export const ENGINE_VERSION = 2
