import type { Journal } from '../journal.js'
import type { Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import type { SandboxRequest } from '../types.js'

const maxStreams = 100
const heartbeat = 15_000

const format = (entry: SandboxRequest): string =>
  `id: ${String(entry.id)}\nevent: request\ndata: ${JSON.stringify(entry)}\n\n`

/** Makes the journal's server-sent events: new entries, after those the browser missed. */
export function createEvents(journal: Journal): (lastEventId: string | undefined) => Reply {
  let open = 0

  return (lastEventId) => {
    if (open >= maxStreams) {
      throw new SandboxError('SANDBOX_TOO_MANY', `${String(maxStreams)} event streams are open.`)
    }
    return {
      status: 200,
      headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
      body(send) {
        open += 1
        send(': journal of the sandbox\n\n')
        if (lastEventId !== undefined) {
          const seen = Number(lastEventId)
          for (const entry of journal.list()) if (entry.id > seen) send(format(entry))
        }
        const unsubscribe = journal.subscribe((entry) => {
          send(format(entry))
        })
        const timer = setInterval(() => {
          send(':\n\n')
        }, heartbeat)
        return () => {
          open -= 1
          clearInterval(timer)
          unsubscribe()
        }
      },
    }
  }
}
