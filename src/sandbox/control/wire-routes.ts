import * as v from 'valibot'
import { jsonReply, type Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import { createWireEvents } from '../wire/events.js'
import type { Renderer } from '../wire/render.js'
import type { KeptMessage, Wire } from '../wire/wire.js'
import { localOnly } from './guard.js'
import { object, readBody } from './schemas.js'
import type { Action } from './types.js'

const revealBody = object({
  part: v.picklist(['request', 'response', 'decoded'], 'must be request, response or decoded'),
  field: v.pipe(
    v.string('must be the name of a field, as the message lists it'),
    v.minLength(1, 'must be the name of a field, as the message lists it'),
  ),
})

/** What the page does with the wire. */
export interface WireActions {
  readonly events: Action
  readonly list: Action
  readonly clear: Action
  /** Of one message, by its id. */
  readonly detail: (id: string) => Reply
  readonly reveal: (id: string, body: string, local: boolean) => Reply
}

/** The wire over HTTP. Values are masked, but for one at a time and for callers on this machine. */
export function createWireActions(wire: Wire, renderer: Renderer): WireActions {
  const events = createWireEvents(wire, renderer.message)

  function find(id: string): KeptMessage {
    const kept = /^\d{1,15}$/.test(id) ? wire.find(Number(id)) : undefined
    if (kept) return kept
    throw new SandboxError(
      'SANDBOX_NOT_FOUND',
      'This message is not there: it was cleared, newer ones took its place, or it never was.',
    )
  }

  return {
    events,
    list: () => jsonReply(200, wire.list().map(renderer.message)),
    clear() {
      wire.clear()
      return jsonReply(200, [])
    },
    detail: (id) => jsonReply(200, renderer.detail(find(id))),
    reveal(id, body, local) {
      localOnly(local, 'Secrets are revealed')
      const { part, field } = readBody(revealBody, body)
      const revealed = renderer.reveal(find(id), part, field)
      if (revealed) return jsonReply(200, revealed)
      throw new SandboxError('SANDBOX_NOT_FOUND', 'field: this message has no such field')
    },
  }
}
