import type { Reply } from './target.js'
import type { Words } from './types.js'
import { plain, words } from './words.js'

const harmless = /^[A-Z][A-Z0-9_]{1,39}$/
const actions = new Set(['login', 'retry', 'none'])

/** The status, and the error where the reply has our shape: never anything of the body that could be a secret. */
export function sayReply({ status, failure, error }: Reply): Words {
  if (failure === 'timeout') return words('no answer in time', '超时，没有应答')
  if (failure === 'connection') return words('no answer: connection failed', '没有应答：连接失败')
  if (!error) return plain(status)
  const code = harmless.test(error.code) ? error.code : '?'
  return plain(`${String(status)} ${code} ${actions.has(error.action) ? error.action : '?'}`)
}

/** The reply to a login: with or without a session. */
export function sayLogin(reply: Reply): Words {
  const { en, zh } = sayReply(reply)
  if (reply.status === 0) return { en, zh }
  return reply.token === undefined
    ? words(`${en}, no token`, `${zh}，没有 token`)
    : words(`${en}, a token`, `${zh}，有 token`)
}
