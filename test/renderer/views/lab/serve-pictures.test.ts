import { describe, expect, it } from 'vitest'
import { cellsOf } from '../../../../renderer/views/lab/cube/cells.ts'
import { ANGLE_COLOURS, pixelOf } from '../../../../renderer/views/lab/cube/colours.ts'
import type { CubeReply, PictureReply, PictureRequest } from '../../../../renderer/views/lab/cube/protocol.ts'
import { PictureServer } from '../../../../renderer/views/lab/cube/serve-pictures.ts'
import { WHOLE_FACE } from '../../../../renderer/views/lab/cube/view.ts'

const looks = { rounding: 'best', levels: [-1, 0, 1], colouring: 'angle' } as const
const asked: PictureRequest = { kind: 'picture', id: 1, looks, view: WHOLE_FACE, side: 42, coarseFirst: true }

function server() {
  const replies: CubeReply[] = []
  const pictures = () => replies.filter((reply): reply is PictureReply => reply.kind === 'picture')
  return { replies, pictures, server: new PictureServer((reply) => replies.push(reply)) }
}

describe('the worker of the cube picture', () => {
  it('sends a coarse picture, then the whole one', async () => {
    const { server: one, pictures } = server()
    await one.answer(asked)
    expect(pictures().map(({ side, whole }) => [side, whole])).toEqual([[11, false], [42, true]]) // prettier-ignore
    expect(pictures()[1]!.pixels).toHaveLength(42 * 42 * 4)
  })

  it('gives up a picture when a newer one is asked for', async () => {
    const { server: one, pictures } = server()
    await Promise.all([one.answer({ ...asked, side: 900 }), one.answer({ ...asked, id: 2 })])
    expect(pictures().map(({ id, whole }) => [id, whole])).toEqual([[2, false], [2, true]]) // prettier-ignore
  })

  it('paints what a code stands for exactly in the darkest colour', async () => {
    const { server: one, pictures } = server()
    await one.answer({ ...asked, side: 41, coarseFirst: false })
    const middle = (20 * 41 + 20) * 4
    expect([...pictures()[0]!.pixels.slice(middle, middle + 4)]).toEqual(pixelOf(ANGLE_COLOURS[0]!))
  })

  it('paints each cell in one colour', async () => {
    const { server: one, pictures } = server()
    await one.answer({
      ...asked,
      looks: { ...looks, rounding: 'absmax', colouring: 'cell' },
      coarseFirst: false,
    })
    const { pixels, side } = pictures()[0]!
    const at = (y: number, z: number) => pixels.slice((z * side + y) * 4, (z * side + y) * 4 + 3).join()
    expect(at(1, 1)).toBe(at(9, 9))
    expect(at(1, 1)).not.toBe(at(21, 1))
  })

  it('answers with cells and figures', async () => {
    const { server: one, replies } = server()
    await one.answer({ kind: 'cells', id: 5, looks })
    await one.answer({ kind: 'figures', id: 6, levels: looks.levels })
    expect(replies[0]).toMatchObject({ kind: 'cells', id: 5, cells: cellsOf('best', looks.levels) })
    expect(replies[1]).toMatchObject({ kind: 'figures', id: 6, figures: { directions: 26 } })
  })
})
