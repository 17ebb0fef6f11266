/**
 * What the page and the phone in its iframe say to each other with `postMessage`. Both are of one origin; whoever
 * receives checks `event.origin` and `event.source`.
 *
 * The iframe is `/__sandbox/phone/?user=alice&appid=…&target=<origin>&lang=zh|en&theme=light|dark&privacy=ask|agreed`.
 * Another user, app or target is another URL: the page loads the iframe anew. Kill and reopen too are done inside.
 */
export type ToPhone =
  | { type: 'kill' }
  | { type: 'reopen' }
  | { type: 'clear-storage' }
  | { type: 'network'; network: 'online' | 'offline' | 'silent' }
  /** To the background for this long (ms), then to the front again. */
  | { type: 'background'; ms: number }
  /** Whether the user agreed to the privacy guide. */
  | { type: 'privacy'; agreed: boolean }
  | { type: 'theme'; theme: 'light' | 'dark' }

export interface PhoneStatus {
  user: string
  running: boolean
  network: 'online' | 'offline' | 'silent'
  background: boolean
  privacyAgreed: boolean
  /** The client's session on the phone: what the State panel compares; null where it has none. */
  session: { token: string; expiresAt: number; keyId: string | null; user: unknown } | null
}

export type FromPhone =
  /** Once, when the mini program runs. */
  | { type: 'ready'; status: PhoneStatus }
  /** Whenever something of it changes. */
  | { type: 'status'; status: PhoneStatus }
  /** An uncaught error of the mini program. */
  | { type: 'error'; message: string }
