import type { NextFunction, Request, Response, Router } from 'express'
import { hearCaller } from '../cloud-call.js'
import type { Runtime } from '../runtime.js'

/**
 * Before anything of the plugin or behind it sees a request: reads the headers of cloud hosting, or takes them off
 * where they are not to be believed. Around the router, and no middleware of it, which costs more than that.
 */
export function hearCloud(router: Router, runtime: Runtime): void {
  const inside = router as unknown as {
    handle: (req: Request, res: Response, next: NextFunction) => void
  }
  const { handle } = inside
  inside.handle = function (req, res, next) {
    hearCaller(runtime, req)
    handle.call(this, req, res, next)
  }
}
