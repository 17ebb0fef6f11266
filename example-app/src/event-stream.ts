import type { RequestHandler, Response } from 'express'
import { getWx, type WxSessions } from 'express-wx-login'
import { HttpError } from './errors.js'

export interface EventStream {
  readonly handler: RequestHandler
  /** Ends all streams and takes no more. */
  close(): void
}

// Proxies give up on a connection that is silent for a minute.
const beatPeriod = 20_000

/**
 * Server-sent events for as long as the session lives. What is open outlives the guard that let it in, a
 * WebSocket as well: `wx.sessions.onEnd` tells when to close it, in whichever process the session ended.
 */
export function createEventStream(sessions: Pick<WxSessions, 'onEnd'>): EventStream {
  const open = new Set<Response>()
  let closing = false

  function send(res: Response, event: string, data: object): void {
    res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Says why, and ends. Nothing may be written after that, however slowly the client reads. */
  function end(res: Response, event: string, data: object): void {
    if (!open.delete(res)) return
    send(res, event, data)
    res.end()
  }

  return {
    handler(req, res) {
      if (closing)
        throw new HttpError(503, 'CLOSING', 'The server is stopping. Try again.', {
          action: 'retry',
          retryAfter: 1,
        })
      const who = getWx(req)
      // nginx collects an answer before it passes it on, unless told otherwise.
      res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
      if (req.method === 'HEAD') {
        res.end()
        return
      }
      send(res, 'hello', { loginAt: who.loginAt })

      open.add(res)
      const beat = setInterval(() => open.has(res) && res.write(':\n\n'), beatPeriod)
      const forget = sessions.onEnd(who, ({ reason }) => {
        end(res, 'ended', { reason })
      })
      res.once('close', () => {
        open.delete(res)
        clearInterval(beat)
        forget()
      })
    },
    close() {
      closing = true
      for (const res of open) end(res, 'closing', {})
    },
  }
}
