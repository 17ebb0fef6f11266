import type { Server, ServerResponse } from 'node:http'

/**
 * Lets a server finish what it has begun, and no more.
 *
 * @returns a function that stops accepting and resolves when everything is answered, or at the
 *   deadline with the number of requests it had to cut
 */
export function drainable(server: Server): (deadline: number) => Promise<number> {
  const unanswered = new Set<ServerResponse>()
  let draining = false
  server.prependListener('request', (_req, res) => {
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
      // Closes idle connections at once. One whose answer is already on its way becomes idle later.
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      server.close(() => {
        clearTimeout(timer)
        clearInterval(sweep)
        resolve(cut)
      })
    })
}
