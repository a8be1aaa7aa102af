/** The searches of IQ2 and IQ3 formats: the scale of a super-block, its codes and its grid points jointly. */
import { once } from '../once.ts'
import { readHalfWord } from '../half-words.ts'
import type { BlockSearch, SearchedBlock } from './block-search.ts'
import { EIGHTS, GridBlock, type GridChoice, type GridLayout, SUPER_BLOCK } from './grid-block.ts'
import { GridScale } from './grid-scale.ts'

/**
 * @param pack writes all bytes of a block
 * @returns `search` from several starts, and `exhaustive` over all scales; both exact in everything else
 */
export function gridSearches(
  layout: GridLayout,
  pack: (choice: GridChoice, out: Uint8Array) => void,
): { search: BlockSearch; exhaustive: BlockSearch } {
  const state = once(() => {
    const block = new GridBlock(layout)
    return { block, scale: new GridScale(block, layout.unit), choice: emptyChoice(layout) }
  })
  const load = ({ weights, errorWeights }: SearchedBlock) => {
    state().block.load(weights, errorWeights)
    return state()
  }
  return {
    search(searched, out) {
      const { scale, choice } = load(searched)
      scale.search(readHalfWord(searched.reference, 0), choice)
      pack(choice, out)
    },
    exhaustive(searched, out) {
      const { scale, choice } = load(searched)
      scale.exhaust(readHalfWord(searched.reference, 0), choice)
      pack(choice, out)
    },
  }
}

function emptyChoice({ grid, subBlock }: GridLayout): GridChoice {
  return {
    half: 0,
    codes: new Uint8Array(SUPER_BLOCK / subBlock),
    points: new Uint16Array(SUPER_BLOCK / grid.dimensions),
    signs: new Uint8Array(EIGHTS),
  }
}
