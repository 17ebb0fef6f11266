import type { WxApp } from '../types.js'
import { SandboxError } from './sandbox-error.js'

export { SANDBOX_APPID, SANDBOX_SECRET } from '../sandbox-app.js'

/** The mini programs a sandbox knows. */
export interface Apps {
  readonly all: readonly Readonly<WxApp>[]
  readonly first: Readonly<WxApp>
  /** As WeChat's endpoints look it up. */
  find(appid: string): Readonly<WxApp> | undefined
  /** The appid a phone uses: the given one, or the first. @throws {@link SandboxError} where it is unknown */
  pick(appid: string | undefined): string
}

export function createApps(all: readonly WxApp[]): Apps {
  const byAppid = new Map(all.map(({ appid, secret }) => [appid, Object.freeze({ appid, secret })]))
  const [first] = byAppid.values()
  return {
    all: Object.freeze([...byAppid.values()]),
    first: first!,
    find: (appid) => byAppid.get(appid),
    pick(appid = first!.appid) {
      if (byAppid.has(appid)) return appid
      throw new SandboxError(
        'SANDBOX_BAD_REQUEST',
        `appid: this sandbox knows only ${[...byAppid.keys()].join(', ')}`,
      )
    },
  }
}
