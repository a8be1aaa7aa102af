/** A line of a {@link FactList}. */
export interface Fact {
  readonly label: string
  readonly value: string
  /** More digits or the whole text, on hover. */
  readonly title?: string
  readonly mono?: boolean
}
