import { targetOf } from './base-url.js'
import { call } from './call.js'
import type { Settings } from './settings.js'
import type { RequestOptions, Session, WxResponse } from './types.js'

type Outgoing = Pick<RequestOptions, 'url' | 'header' | 'timeout' | 'auth'>

/** A copy of the options as wx wants them: with the whole URL and, where that is the server's, the token. */
function addressed<U>(
  settings: Settings<U>,
  options: Outgoing,
  session: Session<U> | null,
): Outgoing {
  const { header, scheme } = settings
  const target = targetOf(settings.baseUrl, options.url)
  const copy = Object.assign({}, options, { url: target.url })
  delete copy.auth
  if (target.ours && session) {
    const headers: Record<string, string> = Object.assign({}, options.header)
    copy.header = headers
    for (const name in headers) {
      // In other letters it would be a second one, which the server refuses.
      if (name.toLowerCase() === header.toLowerCase()) delete headers[name]
    }
    headers[header] = (scheme && scheme + ' ') + session.token
  }
  return copy
}

/** `wx.request` or `wx.uploadFile`; resolves for every status. */
export const send = <U>(
  settings: Settings<U>,
  kind: 'request' | 'uploadFile',
  options: Outgoing,
  session: Session<U> | null,
): Promise<WxResponse> =>
  call<WxResponse>(
    (callbacks) =>
      (settings.wx as Record<typeof kind, (options: object) => unknown>)[kind](
        Object.assign(addressed(settings, options, session), callbacks),
      ),
    'NETWORK',
    options.timeout,
  )

/** A POST to one of the server's own routes. */
export function post<U>(
  settings: Settings<U>,
  url: string,
  data: object,
  session: Session<U> | null,
): Promise<WxResponse> {
  const options = { url, method: 'POST', data, timeout: settings.timeout }
  return send(settings, 'request', options, session)
}

/** Uploads an avatar; the reply comes as text. */
export function upload<U>(
  settings: Settings<U>,
  filePath: string,
  formData: object,
  session: Session<U> | null,
): Promise<WxResponse> {
  const options = {
    url: settings.routes.upload,
    filePath,
    name: 'avatar',
    formData,
    timeout: settings.timeout,
  }
  return send(settings, 'uploadFile', options, session).then((reply) => {
    try {
      reply.data = JSON.parse(reply.data as string)
    } catch {
      // An error page of a proxy: its status says enough.
    }
    return reply
  })
}
