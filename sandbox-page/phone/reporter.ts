import type { PhoneStatus } from '../phone-messages.js'
import { tellPage } from './messages.js'

/** Keeps the page informed of the phone. */
export interface Reporter {
  /** Something may have changed; several changes at once are one word. */
  changed(): void
  /** The mini program runs: told once, and before it nothing. */
  ready(): void
}

/** @param shown - told with the page, and from the start: for what the phone shows of itself */
export function createReporter(
  status: () => PhoneStatus,
  shown: (status: PhoneStatus) => void,
): Reporter {
  let told = ''
  let scheduled = false
  let isReady = false

  function tell(): void {
    scheduled = false
    const now = status()
    shown(now)
    const text = JSON.stringify(now)
    if (!isReady || text === told) return
    told = text
    tellPage({ type: 'status', status: now })
  }

  return {
    changed() {
      if (!scheduled) queueMicrotask(tell)
      scheduled = true
    },
    ready() {
      if (isReady) return
      isReady = true
      told = JSON.stringify(status())
      tellPage({ type: 'ready', status: status() })
    },
  }
}
