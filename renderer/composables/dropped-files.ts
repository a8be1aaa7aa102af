/**
 * Files of a drop. A browser sees a dropped folder only through its entries, so folders are walked there and
 * each file carries its path inside the drop; Electron asks the system for the path of the folder itself.
 */
export async function droppedFiles(transfer: DataTransfer, walkFolders: boolean): Promise<readonly File[]> {
  if (!walkFolders) return [...transfer.files]
  // All items are asked before the first wait: they are gone afterwards.
  const pending = [...transfer.items].map((item) => {
    const entry = item.webkitGetAsEntry()
    return entry ? filesOfEntry(entry) : Promise.resolve([item.getAsFile()])
  })
  const files = await Promise.all(pending)
  return files.flat().filter((file) => file !== null)
}

async function filesOfEntry(entry: FileSystemEntry): Promise<readonly File[]> {
  if (entry.isFile) return [await fileOfEntry(entry as FileSystemFileEntry)]
  const children = await childrenOf(entry as FileSystemDirectoryEntry)
  const files = await Promise.all(children.map(filesOfEntry))
  return files.flat()
}

function fileOfEntry(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file((file) => {
      Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') })
      resolve(file)
    }, reject)
  })
}

/** A reader hands out entries in portions until one is empty. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader()
  const found: FileSystemEntry[] = []
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (portion.length === 0) return found
    found.push(...portion)
  }
}
