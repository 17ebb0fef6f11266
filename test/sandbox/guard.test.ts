import { checkCaller } from '../../src/sandbox/control/guard.js'

const check = (host: string, listenHost?: string, localAddress?: string) => () => {
  checkCaller({ host, origin: undefined, localAddress }, listenHost)
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
      checkCaller({ host: undefined, origin: undefined, localAddress: undefined }, undefined)
    }).toThrow(/Host: /)
  })
})
