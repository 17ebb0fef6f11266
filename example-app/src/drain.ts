import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

// Browsers and load balancers open connections ahead of need. A request may be on its way on such a one.
const silencePatience = 1000

/**
 * Lets a server finish what it has begun, and no more.
 *
 * @returns a function that stops accepting and resolves when everything is answered, or at the
 *   deadline with the number of requests it had to cut
 */
export function drainable(server: Server): (deadline: number) => Promise<number> {
  const unanswered = new Set<ServerResponse>()
  // Connections that never asked for anything. Up to Node 24 they are not idle, and would stay open; from 26 on
  // they are, and would be closed with a request on its way.
  const silent = new Set<Socket>()
  let draining = false
  server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.prependListener('request', (req, res) => {
    silent.delete(req.socket)
    // On connections that were open before; the client should take its next request elsewhere.
    if (draining) res.setHeader('Connection', 'close')
    unanswered.add(res)
    res.once('close', () => unanswered.delete(res))
  })

  return (deadline) =>
    new Promise((resolve) => {
      draining = true
      for (const res of unanswered) if (!res.headersSent) res.setHeader('Connection', 'close')
      let cut = 0
      const timer = setTimeout(() => {
        cut = unanswered.size
        server.closeAllConnections()
      }, deadline)
      const silence = setTimeout(() => {
        for (const socket of silent) socket.destroy()
      }, silencePatience)
      // Connections are closed as they become idle: one whose answer is on its way does so later.
      const closeIdle = (): void => {
        if (silent.size === 0) server.closeIdleConnections()
      }
      const sweep = setInterval(closeIdle, 50)
      // Stops accepting and no more: the close() of an HTTP server closes what it takes for idle.
      NetServer.prototype.close.call(server, () => {
        clearTimeout(timer)
        clearTimeout(silence)
        clearInterval(sweep)
        resolve(cut)
      })
      closeIdle()
    })
}
