import { app, session, shell, type WebContents } from 'electron'
import { isOwnPage } from './own-page.ts'

/** Sites that the window links to as sources and documentation. */
const DOCUMENTATION_HOSTS = ['github.com', 'huggingface.co', 'arxiv.org', 'www.gutenberg.org']

/** Copying text is the one thing the page asks for. */
const ALLOWED_PERMISSIONS = ['clipboard-sanitized-write']

/** Every page of this process stays where it is, opens nothing and is asked nothing. */
export function guardContents(developmentUrl: string | undefined): void {
  app.on('web-contents-created', (_event, contents) => guard(contents))
  const allowed = (permission: string, contents: WebContents | null): boolean =>
    ALLOWED_PERMISSIONS.includes(permission) &&
    contents !== null &&
    isOwnPage(contents.getURL(), developmentUrl)
  session.defaultSession.setPermissionRequestHandler((contents, permission, answer) => {
    answer(allowed(permission, contents))
  })
  session.defaultSession.setPermissionCheckHandler((contents, permission) => allowed(permission, contents))
}

function guard(contents: WebContents): void {
  const refuse = (event: { preventDefault(): void }): void => event.preventDefault()
  contents.on('will-navigate', refuse)
  contents.on('will-frame-navigate', refuse)
  contents.on('will-redirect', refuse)
  contents.on('will-attach-webview', refuse)
  contents.setWindowOpenHandler(({ url }) => {
    if (isDocumentation(url)) void shell.openExternal(url)
    return { action: 'deny' }
  })
}

/** Whether a link may be handed to the system's browser. */
function isDocumentation(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && url.protocol === 'https:' && DOCUMENTATION_HOSTS.includes(url.host)
}
