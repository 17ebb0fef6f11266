import { createClient, type Reply } from './race-client.js'
import type { Pace } from './race-pace.js'

/** What a phone has after a login. */
export interface Login {
  user: string
  sid: string
  /** What it sends along: a cookie or a token. */
  credential: string
  /** The key WeChat made for the code of this login. */
  sessionKey: string
}

/** Who the server takes the sender for. */
export interface Found {
  openid: string
  sessionKey: string
  /** Public id of the session; only ours has one. */
  sessionId: string | undefined
  /** What the app keeps in the session beside the login. */
  fields: Record<string, unknown>
}

/** A server under test and the phones that talk to it: the same races run against stock and against ours. */
export interface RacingApp {
  openid(user: string): string
  /** The key of the user's latest `wx.login`. */
  newestKey(user: string): string
  login(user: string, options?: { carrying?: Login; pace?: Pace }): Promise<Login>
  logout(login: Login, pace?: Pace): Promise<void>
  /** The app calls `req.session.regenerate`; what the phone has then, where it is told of the new id. */
  regenerate(login: Login, pace?: Pace): Promise<Login | null>
  /** Sets one field, to '1' where nothing else is said; false where the session was refused. */
  write(login: Login, field: string, pace?: Pace, value?: string): Promise<boolean>
  /** The same, after a field `first` was set and saved in the same request. */
  writeTwice(login: Login, field: string, pace?: Pace): Promise<boolean>
  read(login: Login, pace?: Pace): Promise<boolean>
  /** Null where the session is refused. */
  look(login: Login): Promise<Found | null>
  /** Whether Redis has anything under this session's id. */
  stored(login: Login): Promise<boolean>
  close(): Promise<void>
}

/** `METHOD /path`, as the phone of this login or as nobody. */
export type Send = (line: string, login?: Login, body?: object) => Promise<Reply>

/** Longer than any run: Node would close a connection in the moment the client takes it up again. */
export const keepAliveTimeout = 600_000

/** Talks to one or several servers of one service, in turn. */
export function createSender(
  urls: string[],
  headers: (login: Login) => Record<string, string>,
): { send: Send; hangUp(): void } {
  const clients = urls.map(createClient)
  let next = 0
  return {
    send(line, login, body) {
      const [method, path] = line.split(' ') as ['GET' | 'POST', string]
      const client = clients[next++ % clients.length]!
      return client.send(method, path, {
        ...(login && { headers: headers(login) }),
        ...(body && { body }),
      })
    },
    hangUp() {
      for (const client of clients) client.close()
    },
  }
}

/** Whether the session was good: any other status is a fault of the server, and of no race. */
export function served({ status, body }: Reply): boolean {
  if (status === 200 || status === 204) return true
  if (status === 401) return false
  throw new Error(`unexpected answer ${String(status)} ${JSON.stringify(body)}`)
}

/** What a phone does the same way with both servers: their routes have the same names. */
export function phoneOf(
  send: Send,
): Pick<RacingApp, 'logout' | 'write' | 'writeTwice' | 'read' | 'look'> {
  return {
    async logout(login, pace = '') {
      served(await send(`POST /logout${pace}`, login))
    },
    write: async (login, field, pace = '', value = '1') =>
      served(await send(`POST /write/${field}/${value}${pace}`, login)),
    writeTwice: async (login, field, pace = '') =>
      served(await send(`POST /write-twice/${field}/1${pace}`, login)),
    read: async (login, pace = '') => served(await send(`GET /read${pace}`, login)),
    async look(login) {
      const reply = await send('GET /look', login)
      return served(reply) ? (reply.body as unknown as Found) : null
    },
  }
}
