import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

/** Worker threads and child processes: each an own file beside `index.js`, found by the entries. */
const WORKERS = {
  'engine-worker': 'main/workers/engine-worker.ts',
  'llama-process': 'main/llama/llama-process.ts',
}

export default defineConfig({
  main: {
    build: {
      rolldownOptions: {
        input: { index: 'main/app/index.ts', cli: 'main/cli/index.ts', ...WORKERS },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: 'preload/index.ts' },
        // A sandboxed preload script has to be CommonJS.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [vue()],
    build: {
      minify: true,
      // Read from this machine's disk, never over a network.
      chunkSizeWarningLimit: 2000,
      outDir: 'out/renderer',
      rolldownOptions: { input: { index: 'renderer/index.html' } },
    },
  },
})
