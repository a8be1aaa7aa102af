import { useSelection } from '../../stores/selection.ts'

/**
 * Selection as in every list: a click selects, shift extends from the last click, Ctrl or Cmd adds and removes.
 *
 * @param nameAt name of the tensor in a row of the table as it is sorted now
 */
export function useRangeSelection(nameAt: (row: number) => string) {
  const selection = useSelection()
  let anchor = 0

  return (row: number, how: { extend: boolean; toggle: boolean }): void => {
    if (how.extend) {
      const [from, to] = [Math.min(anchor, row), Math.max(anchor, row)]
      const names = Array.from({ length: to - from + 1 }, (_none, offset) => nameAt(from + offset))
      return selection.selectMany(names, nameAt(row))
    }
    anchor = row
    if (how.toggle) selection.toggle(nameAt(row))
    else selection.select(nameAt(row))
  }
}
