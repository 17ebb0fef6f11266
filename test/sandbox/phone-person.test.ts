import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { verifySignature } from '../../src/wechat/open-data.js'
import { createSandbox, type SandboxWxCode } from '../../src/sandbox/index.js'
import { connectWeChat } from '../../src/sandbox/phone/http-wechat.js'
import { createPhone } from '../../src/sandbox/phone/phone.js'
import { createMemoryStorage } from '../../src/sandbox/phone/storage.js'
import { call, hold, request } from './phone-support.js'
import { decrypt, listen, until } from './support.js'

const refused = 'privacy permission is not authorized'

describe('a tap on the phone number button', () => {
  it('gives what bindgetphonenumber gets: a code, and data encrypted with the key of that moment', async () => {
    const sandbox = createSandbox()
    const alice = sandbox.user('alice', { phone: { purePhoneNumber: '13900001111' } })
    const detail = await sandbox.phone('alice').tapPhoneNumber()
    const key = alice.sessionKey()
    alice.login()
    expect(detail).toEqual({
      errMsg: 'getPhoneNumber:ok',
      code: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      encryptedData: expect.any(String) as string,
      iv: expect.any(String) as string,
    })
    const { encryptedData, iv } = detail as { encryptedData: string; iv: string }
    expect(decrypt({ encryptedData, iv }, key)['purePhoneNumber']).toBe('13900001111')
  })

  it('gives no code where the base library is older', async () => {
    const detail = await createSandbox().phone('alice').tapPhoneNumber({ code: false })
    expect(Object.keys(detail).toSorted()).toEqual(['encryptedData', 'errMsg', 'iv'])
  })

  it('can give data that is wrong', async () => {
    const sandbox = createSandbox()
    const detail = await sandbox.phone('alice').tapPhoneNumber({ variant: 'wrong-key' })
    const data = detail as { encryptedData: string; iv: string }
    expect(() => decrypt(data, sandbox.user('alice').sessionKey())).toThrow()
  })

  it('gives only the reason where the user or the network says no', async () => {
    const phone = createSandbox().phone('alice')
    expect(await phone.tapPhoneNumber({ deny: true })).toEqual({
      errMsg: 'getPhoneNumber:fail user deny',
    })
    phone.network = 'offline'
    expect((await phone.tapPhoneNumber()).errMsg).toMatch(/^getPhoneNumber:fail .*DISCONNECTED$/)
  })
})

describe('a tap on the avatar button', () => {
  it('gives the temporary path of a real picture', async () => {
    const phone = createSandbox().phone('alice')
    const path = await phone.chooseAvatar()
    expect(path).toBe('http://tmp/1.png')
    const bytes = Buffer.from(await phone.files.get(path)!.arrayBuffer())
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  })

  it('gives the picture of the test, where it brings one', async () => {
    const phone = createSandbox().phone('alice')
    const file = new Blob(['jpeg'], { type: 'image/jpeg' })
    const path = await phone.chooseAvatar({ file })
    expect(path).toBe('http://tmp/1.jpg')
    expect(await phone.files.get(path)!.text()).toBe('jpeg')
  })

  it('fails where the user closes the sheet', async () => {
    await expect(createSandbox().phone('alice').chooseAvatar({ cancel: true })).rejects.toEqual({
      errMsg: 'chooseAvatar:fail cancel',
    })
  })
})

describe('wx.getUserInfo', () => {
  it('is signed with the key of the phone', async () => {
    const sandbox = createSandbox()
    const phone = sandbox.phone('爱丽丝')
    const info = await phone.wx.getUserInfo()
    const sessionKey = sandbox.user('爱丽丝').sessionKey()
    expect(info.errMsg).toBe('getUserInfo:ok')
    expect(info.userInfo).toMatchObject({ nickName: '爱丽丝' })
    expect(verifySignature({ ...info, sessionKey })).toBe(true)
    expect(decrypt(info, sessionKey)).toMatchObject({ openId: sandbox.user('爱丽丝').openid() })
  })

  it('is of other data, where the test asks the phone for it', async () => {
    const phone = createSandbox().phone('alice')
    expect((await phone.userInfo({ anonymous: true })).userInfo).toMatchObject({
      nickName: '微信用户',
    })
  })
})

describe('a user who does not agree to the privacy guide', () => {
  it('keeps everything private, but can log in', async () => {
    const phone = createSandbox().phone('alice')
    expect(phone.privacyAgreed).toBe(true)
    phone.privacyAgreed = false
    expect(await phone.tapPhoneNumber()).toEqual({
      errMsg: `getPhoneNumber:fail ${refused}`,
      errno: 104,
    })
    await expect(phone.chooseAvatar()).rejects.toEqual({
      errMsg: `chooseAvatar:fail ${refused}`,
      errno: 104,
    })
    await expect(phone.wx.getUserInfo()).rejects.toEqual({
      errMsg: `getUserInfo:fail ${refused}`,
      errno: 104,
    })
    expect((await call<SandboxWxCode>(phone.wx.login)).success).toBeDefined()
  })
})

describe('a mini program that is killed', () => {
  it('hears of nothing any more: neither of what it had begun nor of what it begins', async () => {
    const server = await hold()
    const phone = createSandbox().phone('alice')
    const dead = phone.wx
    const heard: unknown[] = []
    dead.request({ url: server.url, complete: (result) => heard.push(result) })
    await until(() => server.arrived.length === 1)
    phone.kill()
    await until(() => server.arrived[0]!.socket.destroyed)
    dead.login({ complete: (result) => heard.push(result) })
    void dead.checkSession().finally(() => heard.push('checked'))
    void dead.getStorage({ key: 'a' }).finally(() => heard.push('read'))
    void dead.setStorage({ key: 'a', data: 1 }).finally(() => heard.push('written'))
    await call<SandboxWxCode>(phone.reopen().login)
    expect(heard).toEqual([])
  })

  it('finds its storage again, and its temporary files gone', async () => {
    const phone = createSandbox().phone('alice')
    phone.wx.setStorageSync('token', 't')
    const avatar = await phone.chooseAvatar()
    const dead = phone.wx
    const wx = phone.reopen()
    expect(phone.wx).toBe(wx)
    expect(wx).not.toBe(dead)
    expect(wx.getStorageSync('token')).toBe('t')
    expect(phone.files.get(avatar)).toBeUndefined()
    dead.setStorageSync('token', 'of the dead')
    dead.clearStorageSync()
    expect(dead.getStorageSync('token')).toBe('')
    expect(dead.getStorageInfoSync().keys).toEqual([])
    expect(wx.getStorageSync('token')).toBe('t')
  })

  it('is in the foreground again when it is opened', async () => {
    const server = await hold()
    const phone = createSandbox().phone('alice')
    phone.background()
    const told = request(phone.reopen(), server)
    await until(() => server.arrived.length === 1)
    server.answer()
    expect((await told).success?.statusCode).toBe(200)
  })
})

describe('the people at the phone', () => {
  it('have a storage each, and a code each', async () => {
    const sandbox = await listen()
    const phone = sandbox.phone('alice')
    phone.wx.setStorageSync('token', 'of alice')
    const wx = phone.switchUser('bob')
    expect(phone.user).toBe('bob')
    expect(wx.getStorageSync('token')).toBe('')
    wx.setStorageSync('token', 'of bob')
    const { code } = (await call<SandboxWxCode>(wx.login)).success!
    const query = `appid=${sandbox.appid}&secret=${sandbox.secret}&js_code=${code}&grant_type=authorization_code`
    const session = await (await fetch(`${sandbox.baseUrl}/sns/jscode2session?${query}`)).json()
    expect(session).toMatchObject({ openid: sandbox.user('bob').openid() })
    expect(phone.switchUser('alice').getStorageSync('token')).toBe('of alice')
  })

  it('stay, where there is nobody of the other name', () => {
    const phone = createSandbox().phone('alice')
    const { wx } = phone
    expect(() => phone.switchUser('')).toThrow('name: must be')
    expect([phone.user, phone.wx]).toEqual(['alice', wx])
  })

  it('can delete what a mini program has stored, on one phone', () => {
    const sandbox = createSandbox()
    const [one, two] = [sandbox.phone('alice'), sandbox.phone('alice')]
    for (const phone of [one, two]) phone.wx.setStorageSync('token', 't')
    one.clearStorage()
    expect(one.wx.getStorageSync('token')).toBe('')
    expect(two.wx.getStorageSync('token')).toBe('t')
  })
})

describe('the phone without Node', () => {
  it('bundles for browsers: nothing it imports is Node’s', async () => {
    const folder = join(__dirname, '../../src/sandbox/phone')
    const { outputFiles, metafile } = await build({
      stdin: {
        contents: `export { createPhone } from './phone.js'
          export { connectWeChat } from './http-wechat.js'`,
        resolveDir: folder,
        loader: 'ts',
      },
      bundle: true,
      write: false,
      metafile: true,
      platform: 'browser',
      target: 'es2022',
      format: 'esm',
    })
    const inputs = Object.keys(metafile.inputs).filter((input) => input !== '<stdin>')
    for (const input of inputs) expect(input).toMatch(/src\/sandbox\/phone\/[\w-]+\.ts$/)
    expect(outputFiles[0]!.text).not.toMatch(/\b(Buffer|process|require)\b/)
    expect(readFileSync(join(folder, 'in-process.ts'), 'utf8')).toContain('createPhone')
  })

  it('reaches WeChat over the control surface, and keeps its storage where it is told to', async () => {
    const sandbox = await listen()
    const storage = createMemoryStorage()
    storage.setItem('of somebody else', '1')
    const { appid, baseUrl } = sandbox
    const parts = { appid, wechat: connectWeChat({ baseUrl, appid }), user: '爱丽丝', storage }
    const phone = createPhone(parts)
    await expect(phone.wx.checkSession()).rejects.toBeDefined()
    const { code } = (await call<SandboxWxCode>(phone.wx.login)).success!
    expect(code).toMatch(/^0sbx/)
    await expect(phone.wx.checkSession()).resolves.toBeDefined()
    const { encryptedData, iv } = await phone.tapPhoneNumber()
    const key = sandbox.user('爱丽丝').sessionKey()
    expect(decrypt({ encryptedData: encryptedData!, iv: iv! }, key)).toHaveProperty('phoneNumber')
    expect((await phone.userInfo({ anonymous: true })).rawData).toContain('微信用户')

    phone.wx.setStorageSync('token', 't')
    expect(createPhone(parts).wx.getStorageSync('token')).toBe('t')
    expect(createPhone({ ...parts, user: 'bob' }).wx.getStorageSync('token')).toBe('')
    phone.clearStorage()
    expect([storage.length, storage.key(0)]).toEqual([1, 'of somebody else'])
  })

  it('fails as a phone does where the sandbox is away, and says what the sandbox refuses', async () => {
    const sandbox = await listen()
    const { appid, baseUrl } = sandbox
    const wechat = connectWeChat({ baseUrl, appid })
    const unknown = createPhone({
      ...{ appid: 'wxother', user: 'alice' },
      wechat: connectWeChat({ baseUrl, appid: 'wxother' }),
    })
    expect((await call(unknown.wx.login)).fail?.errMsg).toMatch(/^login:fail appid: /)
    await expect(unknown.tapPhoneNumber()).rejects.toThrow('appid: ')
    await sandbox.close()
    const phone = createPhone({ appid, wechat, user: 'alice' })
    const failure = { errMsg: 'login:fail cgi failed for network issues', errno: 108 }
    expect((await call(phone.wx.login)).fail).toEqual(failure)
    expect((await phone.tapPhoneNumber()).errMsg).toBe(
      'getPhoneNumber:fail cgi failed for network issues',
    )
  })
})
