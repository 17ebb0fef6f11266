import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

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
  // Connections that never asked for anything; for Node they are not idle, so it would not close them.
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
      // Closes idle connections at once. One whose answer is already on its way becomes idle later.
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      server.close(() => {
        clearTimeout(timer)
        clearTimeout(silence)
        clearInterval(sweep)
        resolve(cut)
      })
    })
}
