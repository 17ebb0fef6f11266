import type {
  SandboxProfile,
  SandboxUser,
  SandboxUserInfo,
  SandboxUserInfoOptions,
} from './user-types.js'
import { signRawData } from './cipher.js'
import { sendAccountEvent } from './account-event.js'
import type { World } from './world.js'

/** What WeChat gives instead of a profile since 2022-11. */
const anonymous: SandboxProfile = {
  nickName: '微信用户',
  gender: 0,
  language: '',
  city: '',
  province: '',
  country: '',
  avatarUrl:
    'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132',
}

const named = (name: string, tag: string): SandboxProfile => ({
  nickName: name,
  gender: 0,
  language: 'zh_CN',
  city: '',
  province: '',
  country: '',
  avatarUrl: `https://thirdwx.qlogo.cn/mmopen/vi_32/sandbox-${tag}/132`,
})

function userInfo(world: World, user: SandboxUser, o: SandboxUserInfoOptions): SandboxUserInfo {
  const appid = world.apps.pick(o.appid)
  const tag = world.seeds.identity('avatar', user.name).toString('hex').slice(0, 12)
  const base = o.anonymous === true ? anonymous : named(user.name, tag)
  const profile = { ...base, ...o.profile }
  const rawData = JSON.stringify(profile)
  const unionId = user.unionid
  const data =
    o.openId === false
      ? profile
      : { openId: user.openid(appid), ...profile, ...(unionId !== undefined && { unionId }) }
  return {
    rawData,
    signature: signRawData(rawData, world.openData.key(user.name, appid, o)),
    ...world.openData.encrypt(user.name, data, { ...o, appid }),
  }
}

/** The phone of one user, as a handle on what the world knows of it. */
export function createUser(world: World, name: string): SandboxUser {
  const { apps, keys, codes, openData } = world
  const user: SandboxUser = {
    name,
    get blocked() {
      return world.users.get(name).blocked
    },
    get unionid() {
      return world.users.unionid(name)
    },
    openid: (appid) => world.users.openid(name, apps.pick(appid)),
    sessionKey: (appid) => keys.current(name, apps.pick(appid)),
    login(options = {}) {
      const appid = apps.pick(options.appid)
      return codes.issue({ kind: 'login', name, appid, sessionKey: keys.login(name, appid) })
    },
    checkSession: (appid) => keys.lastCodeHolds(name, apps.pick(appid)),
    userInfo: (options = {}) => userInfo(world, user, options),
    phoneNumber(options = {}) {
      const appid = apps.pick(options.appid)
      const encrypted = openData.encrypt(name, world.phoneNumbers.of(name), { ...options, appid })
      const { variant, watermark, sessionKey } = options
      const genuine = (variant ?? 'bit-flipped') === 'bit-flipped'
      if (genuine && watermark === undefined && sessionKey === undefined) {
        world.messages.add(encrypted.encryptedData, appid)
      }
      return { code: codes.issue({ kind: 'phone', name, appid, sessionKey: '' }), ...encrypted }
    },
    encrypt: (data, options = {}) => openData.encrypt(name, data, options),
    event: (event, to) => sendAccountEvent(world, user, event, to),
    referer: (appid) => `https://servicewechat.com/${apps.pick(appid)}/devtools/page-frame.html`,
  }
  return user
}
