import { createReadStream, statSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
}

/** One request that was passed on. */
export interface Passed {
  method: string
  /** `/app/me`, `/sandbox/__sandbox/users/alice/login` */
  path: string
  status: number
}

export interface PageServer {
  url: string
  /** What was passed on since the last `forget`, in the order of the answers. */
  passed(): Passed[]
  forget(): void
  /** While true, every connection to the app is cut, as where there is no network. */
  offline: boolean
  /** While true, the token does not get through: to the app every request is a stranger's. */
  dropToken: boolean
  close(): Promise<void>
}

/**
 * Serves the compiled mini program, and passes on what it asks: `/app/…` to the app, `/sandbox/…` to WeChat. To the
 * browser all of it is one origin, as to a mini program, which has none.
 */
export async function startPageServer(
  folder: string,
  behind: { app: string; sandbox: string },
): Promise<PageServer> {
  let passed: Passed[] = []
  const control = { offline: false, dropToken: false }

  function passOn(target: string, req: IncomingMessage, res: ServerResponse): void {
    const { origin: _, host: __, ...headers } = req.headers
    if (control.dropToken) delete headers.authorization
    const path = req.url!
    const outgoing = request(
      target + path.replace(/^\/\w+/, ''),
      { method: req.method, headers },
      (answer) => {
        passed.push({ method: req.method!, path, status: answer.statusCode! })
        res.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(res)
      },
    )
    outgoing.once('error', () => res.destroy())
    req.pipe(outgoing)
  }

  const server: Server = createServer((req, res) => {
    const path = new URL(req.url!, 'http://x').pathname
    if (path.startsWith('/app/')) {
      if (control.offline) res.destroy()
      else passOn(behind.app, req, res)
      return
    }
    if (path.startsWith('/sandbox/')) return passOn(behind.sandbox, req, res)
    const file = join(folder, normalize(path === '/' ? '/index.html' : path))
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      res.writeHead(404).end()
      return
    }
    res.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const address = server.address() as AddressInfo
  return Object.assign(control, {
    url: `http://127.0.0.1:${address.port}`,
    passed: () => passed,
    forget() {
      passed = []
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
