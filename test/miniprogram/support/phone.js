import { SANDBOX_APPID } from '../../../src/sandbox-app.ts'
import { connectWeChat } from '../../../src/sandbox/phone/http-wechat.ts'
import { createPhone } from '../../../src/sandbox/phone/phone.ts'

/**
 * The phone that the mini program runs on in the tests: its WeChat is the sandbox and its network the browser's, both
 * through page-server.ts. The URL of the page says whose phone it is (`user`), and whether they agreed to the privacy
 * guide before (`privacy=ask`: not yet).
 */
const query = new URLSearchParams(location.search)
const appid = SANDBOX_APPID

/** The mini program's own address of its server, and where the page reaches it. */
const server = 'http://127.0.0.1:3000'
const reach = (url) => (url.startsWith(server) ? `/app${url.slice(server.length)}` : url)

const device = createPhone({
  appid,
  user: query.get('user'),
  wechat: connectWeChat({ baseUrl: '/sandbox', appid }),
  fetch: (url, init) => fetch(reach(url), init),
  storage: localStorage,
})
device.privacyAgreed = query.get('privacy') !== 'ask'

/** A picture as the camera roll has them: of one colour here. */
async function picture(colour) {
  const canvas = new OffscreenCanvas(96, 96)
  const context = canvas.getContext('2d')
  context.fillStyle = colour
  context.fillRect(0, 0, 96, 96)
  return canvas.convertToBlob()
}

export default {
  device,
  phoneNumber: async () => '139****0000',
  nickname: '微信里的名字',
  reach,
  pictures: async () => [
    { file: await picture('#10aeff') },
    { file: await picture('#fa9d3b') },
    // Not a picture at all, whatever it calls itself.
    { file: new Blob(['not a picture'], { type: 'image/png' }) },
  ],
}
