import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { callerOf, hearCaller } from './cloud-call.js'
import { createContext } from './context.js'
import { warnOnce } from './diagnostics.js'
import { WxLoginError } from './errors.js'
import { share, until } from './request-slot.js'
import { RequestState, requestState, type Runtime, setRequestState } from './runtime.js'
import { servedApp } from './served-app.js'
import type { CloudCaller } from './session/cloud-caller.js'
import { keyIdOf, noKey, type WxSessionRecord } from './session/record.js'
import type { Loaded, Login } from './session/session-host.js'
import { explained } from './start-up.js'
import type { WxContext, WxIdentity } from './types.js'

const shared = Symbol('express-wx-login.wx')
const wx = until('wx', ({ state }) => (state as RequestState | undefined)?.login?.context)

/** Has Express' requests inherit `req.wx`. */
export function shareContext(requests: object): void {
  share(requests, shared, { wx })
}

/** A session counts only where its app is served: another server may share the store and the secret. */
function served(runtime: Runtime, record: WxSessionRecord): boolean {
  const { apps } = runtime.settings
  return apps === undefined || apps.has(record.appid)
}

/** What is known of a request whose session was read. */
function settle(runtime: Runtime, req: Request, loaded: Loaded): void {
  if (loaded.record === null) {
    setRequestState(req, new RequestState(runtime, null, loaded.failure))
    return
  }
  const { record, sid } = loaded
  const context = createContext(runtime, loaded)
  setRequestState(req, new RequestState(runtime, { record, sid, context }))
  if (!(shared in req)) req.wx = context
  if (sid !== '') runtime.state.keepAlive(record, record.loginAt)
}

/** A login for this one request: WeChat has named the user, and there is no session. */
const passing = (caller: WxIdentity): Login => ({
  record: { v: 1, ...caller, loginAt: Date.now(), key: noKey, keyId: keyIdOf(noKey) },
  sid: '',
  slot: {},
})

const otherUser = (): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', {
    message: 'The token is of another user than the one WeChat names in the headers.',
  })

/** Joins what the session says with what cloud hosting says. */
async function join(
  runtime: Runtime,
  caller: Exclude<CloudCaller, null>,
  loaded: Loaded,
  req?: Request,
): Promise<Loaded> {
  if (caller instanceof WxLoginError) return { record: null, failure: caller }
  if (loaded.record === null) {
    if (loaded.failure) return loaded
    try {
      await servedApp(runtime, caller.appid, req)
      return passing(caller)
    } catch (failure) {
      return { record: null, failure: failure as WxLoginError }
    }
  }
  const { appid, openid } = loaded.record
  if (appid === caller.appid && openid === caller.openid) return loaded
  return { record: null, failure: otherUser() }
}

const isSecond = (first: Runtime, second: Runtime): boolean =>
  first !== second &&
  first.settings.routes.login !== false &&
  first.settings.routes.login === second.settings.routes.login

/** Finds out who sends a request. */
export function loadLogin(runtime: Runtime, req: Request, res: Response, next: NextFunction): void {
  const before = requestState(req)
  if (req.baseUrl) {
    warnOnce(
      'WX_SUB_PATH',
      explained(
        'wxLogin is mounted on a sub-path: its own routes are below that path, and routes elsewhere have no req.wx. Put app.use(wxLogin(...)) at the root, and other paths into the option routes.',
        'sub-path',
      ),
    )
  }
  if (before && isSecond(before.runtime, runtime)) {
    warnOnce(
      'WX_TWICE',
      explained(
        'Two wxLogin() in one app with the same login route: the second one never sees a login. Keep one; several mini programs go into its option apps.',
        'two-plugins',
      ),
    )
  }
  // Mounted twice, or behind another wxLogin that knows the user: once is enough.
  if (before && (before.login || before.runtime === runtime)) {
    next()
    return
  }
  runtime.host.load(req, res, (loaded) => {
    const mine = loaded.record === null || served(runtime, loaded.record) ? loaded : nobody
    if (mine !== loaded) runtime.host.detach(req)
    const caller = callerOf(runtime, req)
    if (caller === null) {
      settle(runtime, req, mine)
      // Answers of Redis come many at a time: first all of them are read, then all requests go on. See nextTurn.
      process.nextTick(next)
      return
    }
    void join(runtime, caller, mine, req).then((joined) => {
      if (mine.record !== null && joined.record === null) runtime.host.detach(req)
      settle(runtime, req, joined)
      next()
    })
  })
}

const nobody: Loaded = { record: null }

/** `wx.authenticate`: who sends a request that Express does not see. */
export async function authenticate(
  runtime: Runtime,
  req: IncomingMessage,
): Promise<WxContext | null> {
  hearCaller(runtime, req)
  const caller = callerOf(runtime, req)
  // Sessions of the app's own cannot be read here.
  const readable = caller === null || runtime.settings.session
  const found = readable ? await runtime.host.authenticate(req) : null
  const loaded = found && served(runtime, found.record) ? found : nobody
  const joined = caller === null ? loaded : await join(runtime, caller, loaded)
  if (joined.record !== null) return createContext(runtime, joined)
  if (joined.failure) throw joined.failure
  return null
}
