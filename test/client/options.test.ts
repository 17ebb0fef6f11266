import { createWxLogin, type WxLike, type WxLoginOptions } from '../../client/src/index.js'
import { start } from './support.js'

const wx = { login() {}, request() {} } as unknown as WxLike
const create = (options: unknown): unknown => createWxLogin(options as WxLoginOptions)

describe('options that are wrong are refused at once, with words that say how they should be', () => {
  it.each([
    ['nothing', undefined, 'wx must be there'],
    ['no baseUrl', { wx }, 'baseUrl must be a URL, or one for each envVersion'],
    ['another name', { wx, baseURL: 'https://api.example.com' }, 'baseUrl must be a URL'],
    ['no scheme', { wx, baseUrl: 'api.example.com' }, 'baseUrl must be a URL'],
    ['another scheme', { wx, baseUrl: 'wss://api.example.com' }, 'baseUrl must be a URL'],
    ['no host', { wx, baseUrl: 'https:///wx' }, 'baseUrl must be a URL'],
    ['a query', { wx, baseUrl: 'https://api.example.com?x=1' }, 'baseUrl must be a URL'],
    ['a fragment', { wx, baseUrl: 'https://api.example.com#x' }, 'baseUrl must be a URL'],
    ['a password', { wx, baseUrl: 'https://me:pw@api.example.com' }, 'baseUrl must be a URL'],
    ['blanks', { wx, baseUrl: 'https://api.example.com /x' }, 'baseUrl must be a URL'],
    ['null', { wx, baseUrl: null }, 'baseUrl must be a URL'],
    ['no such version', { wx, baseUrl: { develop: 'https://x' } }, 'one for each envVersion'],
    ['text for a time', { timeout: '10s' }, 'timeout must be of type number'],
    ['a negative time', { timeout: -1 }, 'timeout must be of type number'],
    ['not a number', { skew: Number.NaN }, 'skew must be of type number'],
    ['a number for a name', { storageKey: 1 }, 'storageKey must be of type string'],
    ['null for a name', { header: null }, 'header must be of type string'],
    ['no function', { onSession: {} }, 'onSession must be of type function'],
    ['no function', { isUnauthorized: 401 }, 'isUnauthorized must be of type function'],
    ['no function', { loginData: {} }, 'loginData must be of type function'],
    ['one path for all', { routes: '/wx' }, 'routes must be of type object'],
    ['no path', { routes: { login: true } }, 'login must be of type string'],
  ])('%s: %j', (_, options, words) => {
    const given =
      options &&
      !('baseUrl' in options) &&
      !words.includes('baseUrl') &&
      !words.includes('envVersion')
    const whole = given ? { wx, baseUrl: 'https://api.example.com', ...options } : options
    expect(() => create(whole)).toThrow(TypeError)
    expect(() => create(whole)).toThrow('createWxLogin: ')
    expect(() => create(whole)).toThrow(words)
  })

  it('outside of WeChat, and without wx', () => {
    expect(() => create({ baseUrl: 'https://api.example.com' })).toThrow(
      /createWxLogin: wx must be/,
    )
  })
})

describe('options that are left out or undefined have their defaults', () => {
  it('wx is the global one, looked up when the client is made', async () => {
    const { app, phone } = await start()
    Object.assign(globalThis, { wx: phone.wx })
    try {
      const login = createWxLogin({ baseUrl: app.url, wx: undefined })
      Reflect.deleteProperty(globalThis, 'wx')
      expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    } finally {
      Reflect.deleteProperty(globalThis, 'wx')
    }
  })

  it('undefined counts as left out', async () => {
    const { client, phone } = await start()
    const login = client({
      routes: { login: undefined },
      header: undefined,
      scheme: undefined,
      storageKey: undefined,
      timeout: undefined,
      skew: undefined,
      isUnauthorized: undefined,
      loginData: undefined,
      onSession: undefined,
    })
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
    const { header } = phone.to('/me')[0]!
    expect(header['Authorization']).toMatch(/^Bearer /)
  })
})
