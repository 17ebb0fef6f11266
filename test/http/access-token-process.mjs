// One of several server processes, on the package as npm has it. Talks to the test over the IPC channel of `fork`:
// says that it is ready, and answers every message: { call: n } with how many calls of the API failed,
// { token: true } with the access token it would use, { advance: ms } when its clock is that much ahead.
import { wxLogin } from 'express-wx-login'
import { createRedis } from 'express-wx-login/redis'

const { redisUrl, redisPrefix, wechat } = JSON.parse(process.env.ACCESS_TOKEN_PROCESS)

const realNow = Date.now
let ahead = 0
Date.now = () => realNow() + ahead

const redis = createRedis(redisUrl)
await redis.connect()
const wx = wxLogin({
  appid: wechat.appid,
  secret: wechat.secret,
  session: { secret: 'a session secret of the tests, long enough' },
  wechat: { baseUrl: wechat.baseUrl },
  redis,
  redisPrefix,
})

const call = () => wx.api.checkEncryptedData({ encryptedData: 'A'.repeat(64) })

async function answer(message) {
  if (message.advance !== undefined) ahead += message.advance
  if (message.token) return wx.api.accessToken()
  if (message.call === undefined) return null
  const all = await Promise.allSettled(Array.from({ length: message.call }, call))
  const failures = all.filter(({ status }) => status === 'rejected')
  return failures.map(({ reason }) => `${reason.code}: ${reason.reason}`)
}

process.on('message', async (message) => {
  try {
    process.send({ answered: await answer(message) })
  } catch (error) {
    process.send({ failed: String(error) })
  }
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
