import type { SandboxEndpoint } from '../types.js'
import { checkencryptedmsg } from './checkencryptedmsg.js'
import { checksession } from './checksession.js'
import type { Endpoint } from './endpoint.js'
import { getuserphonenumber } from './getuserphonenumber.js'
import { jscode2session } from './jscode2session.js'
import { resetusersessionkey } from './resetusersessionkey.js'
import { stableToken } from './stable-token.js'
import { token } from './token.js'

const table: Readonly<Record<SandboxEndpoint, Endpoint>> = {
  '/sns/jscode2session': jscode2session,
  '/cgi-bin/token': token,
  '/cgi-bin/stable_token': stableToken,
  '/wxa/checksession': checksession,
  '/wxa/resetusersessionkey': resetusersessionkey,
  '/wxa/business/getuserphonenumber': getuserphonenumber,
  '/wxa/business/checkencryptedmsg': checkencryptedmsg,
}

/** WeChat's endpoints by path. */
export const endpoints: ReadonlyMap<string, Endpoint> = new Map(Object.entries(table))

/** The path of an endpoint named by its path or its last segment; undefined for any other name. */
export function endpointPath(name: string): string | undefined {
  return [...endpoints.keys()].find(
    (path) => path === name || path.slice(path.lastIndexOf('/') + 1) === name,
  )
}
