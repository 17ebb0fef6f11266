import type { Reply, TextStream } from './reply.js'
import { SandboxError } from './sandbox-error.js'

const maxStreams = 100
const heartbeat = 15_000

/** Sends events to one reader until the function it returns is called. */
export type EventSource<Args extends unknown[]> = (
  send: Parameters<TextStream>[0],
  ...args: Args
) => () => void

/**
 * Makes answers of server-sent events, with a sign of life now and then, to a limited number of readers at a time.
 *
 * @param name - what the events are of; the first thing a reader gets
 */
export function createEventStreams<Args extends unknown[]>(
  name: string,
  start: EventSource<Args>,
): (...args: Args) => Reply {
  let open = 0
  return (...args) => {
    if (open >= maxStreams) {
      throw new SandboxError('SANDBOX_TOO_MANY', `${String(maxStreams)} event streams are open.`)
    }
    return {
      status: 200,
      headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
      body(send) {
        open += 1
        send(`: ${name} of the sandbox\n\n`)
        const stop = start(send, ...args)
        const timer = setInterval(() => {
          send(':\n\n')
        }, heartbeat)
        return () => {
          open -= 1
          clearInterval(timer)
          stop()
        }
      },
    }
  }
}
