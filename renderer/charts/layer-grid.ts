/**
 * The grid of a model: layers down, roles across, and a strip above for the tensors of no layer.
 *
 * Several tensors may share a place (one per expert, for instance); whoever groups them says how many.
 */
import { axisLooks } from './parts.ts'
import type { ChartTheme } from './theme.ts'

/** Where a tensor belongs. */
export interface Place {
  readonly layer: number | null
  readonly role: string
}

export interface LayerGrid {
  readonly layers: readonly number[]
  readonly roles: readonly string[]
  /** Roles of the tensors outside of all layers. */
  readonly globals: readonly string[]
}

/** The order in which a layer computes; roles that are not named here follow in order of appearance. */
const ROLE_ORDER = [
  'attn_norm',
  'attn_qkv',
  'attn_q',
  'attn_k',
  'attn_v',
  'attn_q_norm',
  'attn_k_norm',
  'attn_output',
  'post_attention_norm',
  'ffn_norm',
  'ffn_gate_inp',
  'ffn_gate',
  'ffn_gate_exps',
  'ffn_up',
  'ffn_up_exps',
  'ffn_down',
  'ffn_down_exps',
  'ffn_gate_shexp',
  'ffn_up_shexp',
  'ffn_down_shexp',
  'post_ffw_norm', // prettier-ignore
]

function rank(role: string): number {
  const index = ROLE_ORDER.indexOf(role)
  return index < 0 ? ROLE_ORDER.length : index
}

function byRank(roles: Iterable<string>): string[] {
  return [...new Set(roles)].sort((a, b) => rank(a) - rank(b))
}

export function layerGrid(places: readonly Place[]): LayerGrid {
  const inLayers = places.filter((place) => place.layer !== null)
  const outside = places.filter((place) => place.layer === null)
  const layers = new Set(inLayers.map((place) => place.layer ?? 0))
  return {
    layers: [...layers].sort((a, b) => a - b),
    roles: byRank(inLayers.map((place) => place.role)),
    globals: byRank(outside.map((place) => place.role)),
  }
}

/** Groups tensors by place, in one pass. */
export function groupByPlace<T extends Place>(items: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = `${item.layer ?? ''} ${item.role}`
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return [...groups.values()]
}

const STRIP_HEIGHT = 26
const HEADER_HEIGHT = 22
const SLANTED_HEADER_HEIGHT = 72
const ROW_HEIGHT = { least: 7, most: 40 }
/** More roles than this get slanted names. */
const MOST_UPRIGHT = 8
/** Room on the right for the slanted name of the last role. */
const SLANTED_OVERHANG = 44

function headerHeight(roles: readonly string[]): number {
  if (roles.length === 0) return 0
  return roles.length > MOST_UPRIGHT ? SLANTED_HEADER_HEIGHT : HEADER_HEIGHT
}

/** Height in pixels at which every row can be read, for as long as `available` allows. */
export function gridHeight(grid: LayerGrid, available: number, below = 0): number {
  const strip = grid.globals.length > 0 ? headerHeight(grid.globals) + STRIP_HEIGHT + 6 : 0
  const fixed = strip + headerHeight(grid.roles) + below + 12
  const rows = grid.layers.length
  return fixed + Math.min(Math.max(available - fixed, rows * ROW_HEIGHT.least), rows * ROW_HEIGHT.most)
}

/** Position of a place: which axes (0: layers, 1: strip) and which column and row of them. */
export interface Position {
  readonly axes: 0 | 1
  readonly x: number
  readonly y: number
}

/** Looks up positions in constant time. */
export function positions(grid: LayerGrid): (place: Place) => Position {
  const layers = new Map(grid.layers.map((layer, index) => [layer, index]))
  const roles = new Map(grid.roles.map((role, index) => [role, index]))
  const globals = new Map(grid.globals.map((role, index) => [role, index]))
  return ({ layer, role }) =>
    layer === null
      ? { axes: 1, x: globals.get(role) ?? 0, y: 0 }
      : { axes: 0, x: roles.get(role) ?? 0, y: layers.get(layer) ?? 0 }
}

function nameAxis(names: readonly string[], gridIndex: number, theme: ChartTheme) {
  const looks = axisLooks(theme)
  const slanted = names.length > MOST_UPRIGHT
  return {
    ...looks,
    type: 'category' as const,
    gridIndex,
    data: [...names],
    /** The name of a role or a layer can be clicked. */
    triggerEvent: true,
    position: 'top' as const,
    splitLine: { show: false },
    axisLine: { show: false },
    axisLabel: {
      ...looks.axisLabel,
      interval: 0,
      rotate: slanted ? -40 : 0,
      hideOverlap: true,
    },
  }
}

function layerAxis(names: readonly string[], gridIndex: number, theme: ChartTheme) {
  return {
    ...axisLooks(theme),
    type: 'category' as const,
    gridIndex,
    data: [...names],
    triggerEvent: true,
    inverse: true,
    splitLine: { show: false },
    axisLine: { show: false },
  }
}

/** Which places belong to the row or column whose name was clicked; null for a click on anything else. */
export function clickedLine(parameters: unknown): ((place: Place) => boolean) | null {
  const event = parameters as { componentType?: string; componentIndex?: number; value?: unknown }
  const { componentType, componentIndex, value } = event
  if (typeof value !== 'string') return null
  const isStrip = (place: Place) => (place.layer === null) === (componentIndex === 1)
  if (componentType === 'xAxis') return (place) => isStrip(place) && place.role === value
  if (componentType !== 'yAxis') return null
  return (place) => isStrip(place) && (place.layer === null || String(place.layer) === value)
}

/** Grids and axes: index 0 the layers, index 1 the strip above them. */
export function gridAxes(grid: LayerGrid, theme: ChartTheme, below = 0) {
  const stripHeader = headerHeight(grid.globals)
  const strip = grid.globals.length > 0 ? stripHeader + STRIP_HEIGHT + 6 : 0
  const slanted = Math.max(grid.roles.length, grid.globals.length) > MOST_UPRIGHT
  const sides = { left: 52, right: slanted ? SLANTED_OVERHANG : 12, outerBoundsMode: 'none' as const }
  return {
    grid: [
      { ...sides, top: strip + headerHeight(grid.roles), bottom: below + 6 },
      { ...sides, top: stripHeader, height: strip > 0 ? STRIP_HEIGHT : 0 },
    ],
    xAxis: [nameAxis(grid.roles, 0, theme), nameAxis(grid.globals, 1, theme)],
    yAxis: [
      layerAxis(
        grid.layers.map((layer) => `${layer}`),
        0,
        theme,
      ),
      layerAxis(grid.globals.length > 0 ? ['global'] : [], 1, theme),
    ],
  }
}
