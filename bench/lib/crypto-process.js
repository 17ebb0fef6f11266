// How often a second open data is decrypted and signatures are checked, on one core: node:crypto beside the package.
import {
  createDecipheriv,
  createHash,
  createSecretKey,
  hash,
  timingSafeEqual,
  webcrypto,
} from 'node:crypto'
import { decryptData, verifySignature } from 'express-wx-login'
import { answer } from './child.js'
import { openDataOf, sessionKey } from './wechat.js'
import { shuffled } from './statistics.js'

const appid = 'wx0123456789abcdef'
const openid = 'o6_bmjrPTlm6_2sgVt7hMZOP0000'
const { encryptedData, iv, rawData, signature } = openDataOf(openid, appid)

const base64 = (text) => Buffer.from(text, 'base64')

function decryptWith(key) {
  const decipher = createDecipheriv('aes-128-cbc', key, base64(iv))
  const bytes = Buffer.concat([decipher.update(base64(encryptedData)), decipher.final()])
  const data = JSON.parse(bytes.toString('utf8'))
  if (data.watermark.appid !== appid) throw new Error('of another app')
  return data
}

/** As in WeChat's own example for Node. */
function demo() {
  const decipher = createDecipheriv('aes-128-cbc', base64(sessionKey), base64(iv))
  decipher.setAutoPadding(true)
  let text = decipher.update(base64(encryptedData), 'binary', 'utf8')
  text += decipher.final('utf8')
  const data = JSON.parse(text)
  if (data.watermark.appid !== appid) throw new Error('of another app')
  return data
}

async function webCrypto() {
  const { subtle } = webcrypto
  const key = await subtle.importKey('raw', base64(sessionKey), 'AES-CBC', false, ['decrypt'])
  const algorithm = { name: 'AES-CBC', iv: base64(iv) }
  const bytes = await subtle.decrypt(algorithm, key, base64(encryptedData))
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

const inTime = (hex) => timingSafeEqual(Buffer.from(hex), Buffer.from(signature))
const signed = rawData + sessionKey

const work = {
  decrypt: {
    demo,
    raw: () => decryptWith(base64(sessionKey)),
    keyObject: () => decryptWith(createSecretKey(base64(sessionKey))),
    webCrypto,
    ours: () => decryptData({ encryptedData, iv, sessionKey, appid }),
  },
  signature: {
    createHash: () => createHash('sha1').update(signed).digest('hex') === signature,
    oneShot: () => hash('sha1', rawData + sessionKey) === signature,
    createHashInTime: () => inTime(createHash('sha1').update(signed).digest('hex')),
    oneShotInTime: () => inTime(hash('sha1', rawData + sessionKey)),
    ours: () => verifySignature({ rawData, signature, sessionKey }),
  },
}

async function check() {
  for (const [name, decrypt] of Object.entries(work.decrypt)) {
    const { openId } = await decrypt()
    if (openId !== openid) throw new Error(`decrypt, ${name}: gave ${openId}`)
  }
  for (const [name, verify] of Object.entries(work.signature)) {
    if (!verify()) throw new Error(`signature, ${name}: refused`)
  }
}

/** How often `once` can be done in a second. */
async function rate(once, ms) {
  const from = performance.now()
  let count = 0
  let took = 0
  while (took < ms) {
    for (let i = 0; i < 100; i += 1) {
      const result = once()
      if (result instanceof Promise) await result
    }
    count += 100
    took = performance.now() - from
  }
  return (count / took) * 1000
}

async function rounds(count, ms) {
  await check()
  const all = Object.entries(work).flatMap(([kind, ways]) =>
    Object.entries(ways).map(([name, once]) => ({ kind, name, once, rates: [] })),
  )
  for (const { once } of all) await rate(once, ms)
  for (let round = 0; round < count; round += 1) {
    for (const each of shuffled(all)) each.rates.push(await rate(each.once, ms))
  }
  return all.map(({ kind, name, rates }) => ({ kind, name, rates }))
}

answer({}, { rounds })
