// node:http alone: what it costs to answer an exchange with a constant.
import { sessionKey } from '../lib/wechat.js'

const body = JSON.stringify({ session_key: sessionKey, openid: 'o6_bmjrPTlm6_2sgVt7hMZOPfL2M' })

export const start = () => ({
  /** @type {import('node:http').RequestListener} */
  app(_req, res) {
    res
      .writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) })
      .end(body)
  },
})
