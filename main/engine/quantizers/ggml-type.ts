import { typeByName } from '../tensor/type-geometry.ts'

/** Name, id and block geometry of a ggml type, to spread into its registry entry. */
export function ggmlType(name: string): { name: string; id: number; blockSize: number; blockBytes: number } {
  const type = typeByName(name)
  if (!type || type.id === null) throw new Error(`${name} is not a ggml type`)
  return { name, id: type.id, blockSize: type.blockSize, blockBytes: type.blockBytes }
}
