/** Entry of the worker that paints the cube's face. */
import type { CubeRequest } from './protocol.ts'
import { PictureServer } from './serve-pictures.ts'

const server = new PictureServer((reply) => {
  postMessage(reply, { transfer: reply.kind === 'picture' ? [reply.pixels.buffer] : [] })
})

addEventListener('message', ({ data }: MessageEvent<CubeRequest>) => void server.answer(data))
