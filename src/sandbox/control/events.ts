import { createEventStreams } from '../event-stream.js'
import type { Journal } from '../journal.js'
import type { Reply } from '../reply.js'
import type { SandboxRequest } from '../types.js'

const format = (entry: SandboxRequest): string =>
  `id: ${String(entry.id)}\nevent: request\ndata: ${JSON.stringify(entry)}\n\n`

/** Makes the journal's server-sent events: new entries, after those the browser missed. */
export const createEvents = (journal: Journal): ((lastEventId: string | undefined) => Reply) =>
  createEventStreams('journal', (send, lastEventId: string | undefined) => {
    if (lastEventId !== undefined) {
      const seen = Number(lastEventId)
      for (const entry of journal.list()) if (entry.id > seen) send(format(entry))
    }
    return journal.subscribe((entry) => {
      send(format(entry))
    })
  })
