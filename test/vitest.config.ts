import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const ROOT = new URL('..', import.meta.url).pathname

/** One project per folder; `e2e` drives a real browser and needs the built window. */
function nodeProject(name: string, include: string) {
  return {
    extends: true as const,
    test: { name, include: [`test/${include}/**/*.test.ts`], environment: 'node' as const },
  }
}

export default defineConfig({
  root: ROOT,
  plugins: [vue()],
  resolve: {
    // Importing the real package would start the download of its binary.
    alias: { electron: `${ROOT}test/support/electron.ts` },
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      nodeProject('architecture', 'architecture'),
      nodeProject('engine', 'engine'),
      nodeProject('services', 'services'),
      nodeProject('workers', 'workers'),
      nodeProject('web', 'web'),
      nodeProject('llama', 'llama'),
      nodeProject('cli', 'cli'),
      nodeProject('app', 'app'),
      nodeProject('preload', 'preload'),
      nodeProject('native', 'native'),
      {
        extends: true,
        test: { name: 'renderer', include: ['test/renderer/**/*.test.ts'], environment: 'happy-dom' },
      },
      nodeProject('e2e', 'e2e'),
    ],
  },
})
