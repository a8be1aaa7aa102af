/** Scheme and host that the window's page has in Electron; no other page may reach the host. */
export const APP_SCHEME = 'app'
const APP_HOST = 'quantaloupe'

export const WINDOW_URL = `${APP_SCHEME}://${APP_HOST}/index.html`

/** Whether an address is a page of ours: the custom scheme, or the development server when there is one. */
export function isOwnPage(address: string, developmentUrl: string | undefined): boolean {
  const url = URL.parse(address)
  if (url === null) return false
  if (url.protocol === `${APP_SCHEME}:` && url.host === APP_HOST) return true
  return developmentUrl !== undefined && url.origin === URL.parse(developmentUrl)?.origin
}
