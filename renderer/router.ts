import { createRouter, createWebHashHistory, type Router } from 'vue-router'

export interface Page {
  readonly name: string
  readonly title: string
  /** Ctrl + this number. */
  readonly key: number
  /** A letter that leads there too. */
  readonly letter?: string
  /** It has something to show while no model is open. */
  readonly withoutModel?: boolean
}

/** The pages of the window, in the order of their keys. */
export const PAGES: readonly Page[] = [
  { name: 'overview', title: 'Overview', key: 1 },
  { name: 'tensors', title: 'Tensors', key: 2 },
  { name: 'heatmap', title: 'Heatmap', key: 3 },
  { name: 'compare', title: 'Compare', key: 4 },
  { name: 'plan', title: 'Plan', key: 5 },
  { name: 'verify', title: 'Verify', key: 6, letter: 'v' },
  { name: 'export', title: 'Export', key: 7, letter: 'e' },
  { name: 'lab', title: 'Lab', key: 8, withoutModel: true },
]

const VIEWS = {
  overview: () => import('./views/overview/OverviewView.vue'),
  metadata: () => import('./views/metadata/MetadataView.vue'),
  tensors: () => import('./views/tensors/TensorsView.vue'),
  heatmap: () => import('./views/heatmap/HeatmapView.vue'),
  compare: () => import('./views/compare/CompareView.vue'),
  plan: () => import('./views/plan/PlanView.vue'),
  verify: () => import('./views/verify/VerifyView.vue'),
  export: () => import('./views/export/ExportView.vue'),
  lab: () => import('./views/lab/LabView.vue'),
}

/** Loads the pages before they are visited, so that none waits behind the host's other answers. */
export async function preloadPages(): Promise<void> {
  await Promise.all(Object.values(VIEWS).map((load) => load()))
}

export function createPageRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: { name: 'overview' } },
      ...Object.entries(VIEWS).map(([name, component]) => ({ path: `/${name}`, name, component })),
      { path: '/:rest(.*)*', redirect: { name: 'overview' } },
    ],
  })
}
