import type { WireMessage } from '../../../src/sandbox/wire/types.js'

/** A message of the wire: answered, with nothing special about it, but for what is given. */
export const wireMessage = (
  given: Partial<WireMessage> & Pick<WireMessage, 'id'>,
): WireMessage => ({
  from: 'phone',
  to: 'server',
  title: 'GET /me',
  time: 1_700_000_000_000 + given.id,
  ms: 1,
  outcome: 'answered',
  endedAfter: given.id,
  status: 200,
  errcode: null,
  error: null,
  user: null,
  fault: null,
  request: [],
  response: [],
  ...given,
})
