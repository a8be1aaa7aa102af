import { createRouter, createWebHashHistory, type Router } from 'vue-router'

export interface Page {
  readonly name: string
  readonly title: string
  /** Ctrl + this number. */
  readonly key: number
}

/** The pages of the window, in the order of their keys. */
export const PAGES: readonly Page[] = [
  { name: 'overview', title: 'Overview', key: 1 },
  { name: 'tensors', title: 'Tensors', key: 2 },
  { name: 'heatmap', title: 'Heatmap', key: 3 },
  { name: 'compare', title: 'Compare', key: 4 },
  { name: 'plan', title: 'Plan', key: 5 },
  { name: 'export', title: 'Export', key: 6 },
]

/** Each page is loaded when it is first visited. */
export function createPageRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: { name: 'overview' } },
      { path: '/overview', name: 'overview', component: () => import('./views/overview/OverviewView.vue') },
      { path: '/metadata', name: 'metadata', component: () => import('./views/metadata/MetadataView.vue') },
      { path: '/tensors', name: 'tensors', component: () => import('./views/tensors/TensorsView.vue') },
      { path: '/heatmap', name: 'heatmap', component: () => import('./views/heatmap/HeatmapView.vue') },
      { path: '/compare', name: 'compare', component: () => import('./views/compare/CompareView.vue') },
      { path: '/plan', name: 'plan', component: () => import('./views/plan/PlanView.vue') },
      { path: '/export', name: 'export', component: () => import('./views/export/ExportView.vue') },
      { path: '/:rest(.*)*', redirect: { name: 'overview' } },
    ],
  })
}
