/** ggml's `GGML_MAX_NAME` less the closing zero: it refuses files with longer tensor names. */
export const MAX_NAME_BYTES = 63

/**
 * Bounds on what a file may claim, far above any real model, so that a crafted one cannot make the reader allocate or
 * walk without end.
 */
export const LIMITS = {
  /** Bytes of one string; ggml's `GGUF_MAX_STRING_LENGTH`. */
  stringBytes: 2 ** 30,
  /** Elements of one array; ggml's `GGUF_MAX_ARRAY_ELEMENTS`. */
  arrayElements: 2 ** 30,
  /** Strings and inner arrays over all arrays of a file: each has to be walked to find the next. */
  walkedElements: 2 ** 24,
  /** Arrays in arrays; huggingface.js reads to the same depth. */
  arrayDepth: 4,
  keyBytes: 65_535,
  keys: 1_000_000,
  tensors: 1_000_000,
  /** Some forks of ggml allow more than ggml does. */
  tensorNameBytes: 1024,
  dimensions: 4,
  alignmentBytes: 2 ** 20,
  /** The longest text decoded of one value, and of all values of a file; the rest stays in the file. */
  shownStringBytes: 2 ** 20,
  shownTextBytes: 2 ** 24,
  /** safetensors' own `MAX_HEADER_SIZE`. */
  safetensorsHeaderBytes: 100_000_000,
  /** Dimensions of a safetensors tensor; PyTorch's own limit. */
  safetensorsDimensions: 64,
  /** Bytes of one text of a JSON header. */
  jsonTextBytes: 2 ** 22,
  jsonDepth: 64,
  jsonNumberBytes: 64,
  /** Texts of safetensors' `__metadata__`. */
  metadataTexts: 10_000,
  /** Values shown of a `config.json`. */
  configEntries: 10_000,
} as const
