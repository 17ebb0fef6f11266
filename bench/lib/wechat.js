import { execFileSync } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { join } from 'node:path'
import { startChild } from './child.js'
import { cores, findProgram } from './programs.js'
import { benchFolder } from './root.js'
import { temporaryFolder } from './temporary.js'

/** The session key of everybody. */
export const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='

/**
 * Data as a phone gets it.
 *
 * @param {object} data
 */
export function encrypt(data) {
  const iv = 'r7BXXKkLb8qrSNn05n0qiA=='
  const cipher = createCipheriv(
    'aes-128-cbc',
    Buffer.from(sessionKey, 'base64'),
    Buffer.from(iv, 'base64'),
  )
  const encryptedData =
    cipher.update(JSON.stringify(data), 'utf8', 'base64') + cipher.final('base64')
  return { encryptedData, iv }
}

/**
 * What `wx.getUserProfile` gives a phone, signed and encrypted now.
 *
 * @param {string} openid
 * @param {string} appid
 */
export function openDataOf(openid, appid) {
  const profile = {
    ...{ nickName: 'Band 乐队', gender: 1, language: 'zh_CN' },
    ...{ city: 'Guangzhou', province: 'Guangdong', country: 'CN' },
    avatarUrl: `https://example.com/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/132`,
  }
  const rawData = JSON.stringify(profile)
  const signature = createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex')
  const watermark = { timestamp: Math.floor(Date.now() / 1000), appid }
  return { rawData, signature, ...encrypt({ openId: openid, ...profile, watermark }) }
}

/** A certificate for this machine alone, made now; undefined without openssl. */
function makeCertificate(folder) {
  const openssl = findProgram('openssl')
  if (openssl === undefined) return undefined
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(folder, name))
  execFileSync(
    openssl,
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  return { cert, key }
}

/** Starts a stand-in for WeChat's jscode2session: https, or http where there is no openssl. */
export async function startWeChat() {
  const folder = temporaryFolder('wechat')
  const made = makeCertificate(folder)
  const child = await startChild(join(benchFolder, 'lib/wechat-process.js'), {
    core: cores.others,
    args: made ? [made.cert, made.key] : [],
  })
  return {
    url: `${made ? 'https' : 'http'}://127.0.0.1:${child.ready.port}`,
    scheme: made ? 'https' : 'http, as there is no openssl',
    /** For the servers that talk to it. */
    env: made ? { NODE_EXTRA_CA_CERTS: made.cert } : {},
    /** @returns {Promise<{ connections: number, requests: number }>} so far */
    counted: () => child.ask('counted'),
    /** @param {number} ms - how long it takes to answer */
    setPause: (ms) => child.ask('setPause', ms),
    stop: () => child.stop(),
  }
}
