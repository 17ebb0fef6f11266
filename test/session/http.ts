import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SessionHost, SessionRequest } from '../../src/session/session-host.js'

/** A request that came with these headers, and its response, as a server would have made them. */
export interface Exchange {
  req: SessionRequest
  res: ServerResponse
}

export function exchange(headers: Record<string, string> = {}, url = '/'): Exchange {
  const req: SessionRequest = new IncomingMessage(new Socket())
  req.method = 'GET'
  req.url = url
  req.originalUrl = url
  for (const [name, value] of Object.entries(headers)) {
    req.headers[name.toLowerCase()] = value
    req.rawHeaders.push(name, value)
  }
  return { req, res: new ServerResponse(req) }
}

/** Waits for a session host to load the session of a request; fails where it calls back twice. */
export function load(
  host: SessionHost,
  { req, res }: Exchange,
): Promise<Parameters<Parameters<SessionHost['load']>[2]>[0]> {
  return new Promise((resolve, reject) => {
    let calls = 0
    host.load(req, res, (loaded) => {
      calls++
      if (calls === 1)
        setImmediate(() => (calls === 1 ? resolve(loaded) : reject(new Error('called back twice'))))
    })
  })
}
