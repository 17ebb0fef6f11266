import type { WireMessage } from './types.js'

/** What whoever watches the wire is told. */
export interface WireListener {
  /** A new message, or one that changed: it has the id of before. */
  message(message: WireMessage): void
  /** Everything before is gone: somebody cleared the wire, or the stream begins anew and tells everything again. */
  cleared(): void
  /** Whether the sandbox is there. Told when it changes, and at first. */
  connected(connected: boolean): void
}

const firstPause = 500
const longestPause = 5000

/**
 * Watches the wire and goes on watching: a sandbox that went away is looked for until it is back. It may be another one
 * by then, whose messages begin at 1 again, so each connection starts from nothing.
 *
 * @returns stops
 */
export function watchWire(baseUrl: string, listener: WireListener): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause = firstPause
  let connected: boolean | undefined

  function tell(now: boolean): void {
    if (connected === now) return
    connected = now
    listener.connected(now)
  }

  function connect(): void {
    const opened = new EventSource(`${baseUrl}/__sandbox/wire`)
    source = opened
    opened.addEventListener('open', () => {
      pause = firstPause
      listener.cleared()
      tell(true)
    })
    opened.addEventListener('message', ({ data }) => {
      listener.message(JSON.parse(data as string) as WireMessage)
    })
    opened.addEventListener('cleared', () => {
      listener.cleared()
    })
    // Not left to EventSource: it gives up for good where anything but a stream answers, as while the sandbox starts.
    opened.addEventListener('error', () => {
      opened.close()
      tell(false)
      timer = setTimeout(connect, pause)
      pause = Math.min(pause * 2, longestPause)
    })
  }

  connect()
  return () => {
    clearTimeout(timer)
    source?.close()
  }
}
