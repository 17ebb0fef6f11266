import type { NextFunction, Request, RequestHandler, Response, Router } from 'express'

/** What Express' router keeps behind its types. */
interface Inside {
  stack: { route?: { path?: unknown } | undefined }[]
  handle: (req: Request, res: Response, next: NextFunction) => void
}

/** What the path of a request can be made of where nothing has to be decoded to compare it. */
const plainPath = /^\/[!$-~]*$/

/**
 * Lets requests that no route of the router is for go by its list of routes, straight to its one middleware. To go
 * down the list, and to leave it again, costs a request as much as the session itself does.
 *
 * A request whose path may be that of a route goes the usual way, as do all requests to a router that got routes or
 * middleware from the app.
 */
export function passBy(router: Router, middleware: RequestHandler): void {
  const inside = router as unknown as Inside
  const { handle, stack } = inside
  const { length } = stack
  const paths = new Set<string>()
  for (const { route } of stack) {
    if (!route) continue
    const { path } = route
    // A pattern: only the router knows what it matches.
    if (typeof path !== 'string' || !/^[\w/.~-]*$/.test(path)) return
    paths.add(withoutSlash(path.toLowerCase()))
  }
  inside.handle = function (this: Inside, req, res, next) {
    const { url } = req
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    const known = plainPath.test(path) && stack.length === length
    if (known && !paths.has(withoutSlash(path.toLowerCase()))) void middleware(req, res, next)
    else handle.call(this, req, res, next)
  }
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)
