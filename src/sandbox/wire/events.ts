import { createEventStreams } from '../event-stream.js'
import type { Reply } from '../reply.js'
import type { WireMessage } from './types.js'
import type { KeptMessage, Wire } from './wire.js'

/** How long changes are gathered, in ms: less than anybody sees, and a message that is quick is sent once. */
const gathering = 25
/** Messages sent at once. */
const batch = 64

/**
 * Makes the wire's server-sent events: everything kept, then each message as it begins and as it ends. A reader that is
 * slow, or a server that is fast, costs no memory: what is to be sent is read only when it is sent.
 */
export const createWireEvents = (
  wire: Wire,
  render: (kept: KeptMessage) => WireMessage,
): (() => Reply) =>
  createEventStreams('wire', (send) => {
    const pending = new Set<number>()
    let timer: NodeJS.Timeout | undefined

    function flush(): void {
      timer = undefined
      let left = batch
      for (const id of pending) {
        if (left === 0) break
        left -= 1
        pending.delete(id)
        const kept = wire.find(id)
        if (!kept) continue
        if (!send(`event: message\ndata: ${JSON.stringify(render(kept))}\n\n`)) break
      }
      if (pending.size > 0) later()
    }

    function later(): void {
      timer ??= setTimeout(flush, gathering)
    }

    for (const { id } of wire.list()) pending.add(id)
    flush()
    const unsubscribe = wire.subscribe({
      changed({ id }) {
        pending.add(id)
        later()
      },
      cleared() {
        pending.clear()
        send('event: cleared\ndata: {}\n\n')
      },
    })
    return () => {
      clearTimeout(timer)
      unsubscribe()
    }
  })
