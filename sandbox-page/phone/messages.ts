import type { FromPhone, ToPhone } from '../phone-messages.js'

/** What to do at each message of the page. */
export type Handlers = {
  [T in ToPhone['type']]: (message: Extract<ToPhone, { type: T }>) => void
}

const longest = 10 * 60_000

/** The fields of each message; one that is not of this form is nobody's. */
const forms: { [T in ToPhone['type']]: (fields: Record<string, unknown>) => boolean } = {
  kill: () => true,
  reopen: () => true,
  'clear-storage': () => true,
  network: ({ network }) => ['online', 'offline', 'silent'].includes(network as string),
  background: ({ ms }) => typeof ms === 'number' && ms >= 0 && ms <= longest,
  privacy: ({ agreed }) => typeof agreed === 'boolean',
  theme: ({ theme }) => theme === 'light' || theme === 'dark',
}

/** The message in what somebody posted; null where it is none. */
function readMessage(data: unknown): ToPhone | null {
  if (typeof data !== 'object' || data === null) return null
  const fields = data as Record<string, unknown>
  const { type } = fields
  if (typeof type !== 'string' || !Object.hasOwn(forms, type)) return null
  return forms[type as ToPhone['type']](fields) ? (fields as ToPhone) : null
}

/** Listens to the page around this frame, and to nobody else. */
export function listenToPage(handlers: Handlers): void {
  addEventListener('message', ({ origin, source, data }: MessageEvent<unknown>) => {
    if (origin !== location.origin || source !== parent) return
    const message = readMessage(data)
    if (message) (handlers[message.type] as (message: ToPhone) => void)(message)
  })
}

/** Tells the page something; a phone that is no frame has nobody to tell. */
export function tellPage(message: FromPhone): void {
  if (parent !== window) parent.postMessage(message, location.origin)
}
