/** A column of a {@link VirtualTable}. */
export interface TableColumn {
  readonly key: string
  readonly title: string
  /** A CSS grid track: `120px`, `minmax(200px, 1fr)`. */
  readonly width: string
  readonly align?: 'left' | 'right'
  readonly mono?: boolean
  readonly sortable?: boolean
  /** What the column means, on hover of its title. */
  readonly hint?: string
}

export interface TableSort {
  readonly column: string
  readonly descending: boolean
}

export interface TableCell {
  readonly text: string
  readonly title?: string
}

/** The sort after a click on a column: the other way round where it is sorted by already. */
export function sortedBy(sort: TableSort, column: string, descendingFirst = false): TableSort {
  return { column, descending: sort.column === column ? !sort.descending : descendingFirst }
}
