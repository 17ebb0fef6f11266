// A stand-in for WeChat's jscode2session: `node wechat-process.js [<certificate> <key>]`. Its HTTP is written by hand,
// so that it does not become what is measured.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { answer } from './child.js'
import { sessionKey } from './wechat.js'

const [cert, key] = process.argv.slice(2)
const counted = { connections: 0, requests: 0 }
let pause = 0

/** A code of the load is a number of 24 digits; others name the openid. */
function openidOf(code) {
  if (/^\d{24}$/.test(code)) return `o6_bmjrPTlm6_2sgVt7hM${code.slice(-6)}`
  return code.startsWith('o6_') ? code.split('.')[0] : undefined
}

function reply(head) {
  const [, code = ''] = /[?&]js_code=([^& ]*)/.exec(head) ?? []
  const openid = openidOf(code)
  const json =
    openid === undefined
      ? '{"errcode":40029,"errmsg":"invalid code, rid: 00000000-00000000-00000000"}'
      : `{"session_key":"${sessionKey}","openid":"${openid}"}`
  // WeChat says text/plain, and keeps connections.
  return `HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: ${json.length}\r\n\r\n${json}`
}

/** @param {import('node:net').Socket} socket */
function serve(socket) {
  counted.connections += 1
  let rest = ''
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const text = reply(rest.slice(0, end))
      rest = rest.slice(end + 4)
      counted.requests += 1
      if (pause === 0) socket.write(text)
      else setTimeout(() => socket.destroyed || socket.write(text), pause)
    }
  })
}

const server =
  cert === undefined
    ? createServer(serve)
    : createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, serve)
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  answer(
    { port },
    {
      counted: () => counted,
      setPause(ms) {
        pause = ms
      },
    },
  )
})
