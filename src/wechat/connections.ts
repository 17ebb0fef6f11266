import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'

/** How long a connection that nobody uses is kept, in ms; WeChat may say another time. */
const idleFor = 4000
/** Routers on the way forget idle connections without a word. */
const longestIdle = 60_000
/** The server began to count before its answer was here. */
const margin = 1000
/** As many as there are exchanges at a time. */
const maxIdle = 512

const idleTimes = new WeakMap<Socket, number>()

/** Notes how long the server keeps a connection that is not used, where it says so (`Keep-Alive: timeout=5`). */
export function noteIdleTime(socket: Socket, hint: unknown): void {
  if (typeof hint !== 'string') return
  const seconds = /\btimeout=(\d{1,9})/i.exec(hint)?.[1]
  if (seconds !== undefined) {
    idleTimes.set(socket, Math.min(Number(seconds) * 1000 - margin, longestIdle))
  }
}

const manner = {
  /** Whether a connection is kept; it does not keep the process running. The agent ends it when it times out. */
  keepSocketAlive(socket: Socket): boolean {
    const time = idleTimes.get(socket) ?? idleFor
    if (time <= 0) return false
    if (socket.timeout !== time) socket.setTimeout(time)
    socket.setKeepAlive(true, 1000)
    socket.unref()
    return true
  },
  /** Requests differ in nothing else that a connection is made with. */
  getName: ({ host, port }: http.ClientRequestArgs = {}): string =>
    `${host ?? ''}:${String(port ?? '')}`,
}
const kept = { keepAlive: true, maxFreeSockets: maxIdle }

/** What asks over one scheme, and the connections it has. */
export interface Connections {
  /** Its `request` is looked up at each call, so that one replaced later (a tracer) is used. */
  readonly client: Pick<typeof http, 'request'>
  readonly agent: http.Agent
}

/** By the protocol of a URL. */
export const connections: ReadonlyMap<string, Connections> = new Map([
  ['http:', { client: http, agent: Object.assign(new http.Agent(kept), manner) }],
  ['https:', { client: https, agent: Object.assign(new https.Agent(kept), manner) }],
])
