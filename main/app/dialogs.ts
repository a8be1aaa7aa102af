import { dialog, type BrowserWindow, type FileFilter } from 'electron'
import type { OpenFilter } from '../../preload/contract.ts'

const FILTERS: Readonly<Record<OpenFilter['kind'], FileFilter>> = {
  model: { name: 'Models', extensions: ['gguf', 'safetensors', 'json'] },
  imatrix: { name: 'Importance matrices', extensions: ['dat', 'gguf', 'imatrix'] },
  plan: { name: 'Plans and recipes', extensions: ['json', 'txt'] },
  text: { name: 'Texts', extensions: ['txt', 'raw', 'md'] },
  sensitivities: { name: 'Sensitivities', extensions: ['json'] },
}

/** The system's own dialogs, as sheets of the window. */
export function createDialogs(currentWindow: () => BrowserWindow | null) {
  return {
    async open({ kind }: OpenFilter): Promise<string | null> {
      // Only macOS has a dialog for files and folders at once; a model folder is also opened by a file in it.
      const folders = kind === 'model' && process.platform === 'darwin'
      const properties = folders ? (['openFile', 'openDirectory'] as const) : (['openFile'] as const)
      const filters = [FILTERS[kind], { name: 'All files', extensions: ['*'] }]
      const options = { properties: [...properties], filters }
      const window = currentWindow()
      const { filePaths } = await (window
        ? dialog.showOpenDialog(window, options)
        : dialog.showOpenDialog(options))
      return filePaths[0] ?? null
    },
    async save(suggestedName: string): Promise<string | null> {
      const options = { defaultPath: suggestedName }
      const window = currentWindow()
      const result = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options))
      return result.canceled || result.filePath === '' ? null : result.filePath
    },
  }
}
