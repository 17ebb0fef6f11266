import { checkCaller, checkTarget, isLocal } from '../../src/sandbox/control/guard.js'

const check = (host: string, listenHost?: string, localAddress?: string) => () => {
  checkCaller({ host, origin: undefined, localAddress, remoteAddress: '' }, listenHost)
}

describe('the Host of a control request', () => {
  it('may be the host the sandbox was told to listen on', () => {
    expect(check('wechat.test:3900', 'WeChat.test')).not.toThrow()
    expect(check('wechat.test:3900', '127.0.0.1')).toThrow(/--host/)
    expect(check('[fe80::1]:3900', 'fe80::1')).not.toThrow()
  })

  it('may be the address the connection came in on, as with --host 0.0.0.0', () => {
    expect(check('192.168.1.5:3900', '0.0.0.0', '192.168.1.5')).not.toThrow()
    expect(check('192.168.1.5:3900', '::', '::ffff:192.168.1.5')).not.toThrow()
    expect(check('192.168.1.6:3900', '0.0.0.0', '192.168.1.5')).toThrow(/Host: /)
    expect(check('evil.example', '0.0.0.0', '192.168.1.5')).toThrow(/Host: /)
  })

  it('must be there', () => {
    expect(() => {
      const caller = { host: undefined, origin: undefined, localAddress: undefined }
      checkCaller({ ...caller, remoteAddress: '' }, undefined)
    }).toThrow(/Host: /)
  })
})

describe('the target of a message', () => {
  const caller = (localAddress: string | undefined) =>
    isLocal({ host: 'x', origin: undefined, localAddress, remoteAddress: '' })

  it('may be this machine for callers on it, who could send it themselves', () => {
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect(caller(address)).toBe(true)
    }
    for (const url of ['http://localhost:3000/a', 'http://127.8.8.8', 'https://[::1]:1']) {
      expect(() => checkTarget(url, true, [])).not.toThrow()
    }
  })

  it('may not be for callers on other machines', () => {
    for (const address of ['192.168.1.5', '::ffff:192.168.1.5', 'fe80::1', undefined]) {
      expect(caller(address)).toBe(false)
    }
    expect(() => checkTarget('http://127.0.0.1:6379', false, [])).toThrow(/--push-target/)
  })

  it('may be any origin that was allowed, for everybody', () => {
    const allowed = ['http://app:3000']
    expect(() => checkTarget('http://app:3000/wx/push?x', false, allowed)).not.toThrow()
    for (const url of ['http://app', 'https://app:3000', 'http://app:3000@evil.example']) {
      expect(() => checkTarget(url, true, allowed)).toThrow(/--push-target/)
    }
  })
})
