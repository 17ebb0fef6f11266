import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { WxLoginError } from '../../src/errors.js'
import type { WxSessionRecord } from '../../src/session/record.js'
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

/** What loading a session came to: the login, or why there is none. */
export interface Outcome {
  record: WxSessionRecord | null
  failure?: WxLoginError
}

/** Waits for a session host to load the session of a request; fails where it calls back twice. */
export function load(host: SessionHost, { req, res }: Exchange): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let calls = 0
    host.load(req, res, (loaded) => {
      calls++
      const { record } = loaded
      const outcome = record === null ? loaded : { record }
      if (calls === 1)
        setImmediate(() =>
          calls === 1 ? resolve(outcome) : reject(new Error('called back twice')),
        )
    })
  })
}
