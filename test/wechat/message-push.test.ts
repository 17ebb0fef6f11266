import { createCipheriv, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { WxLoginError } from '../../src/index.js'
import {
  decryptPush,
  encryptPush,
  isPushSignature,
  signPush,
} from '../../src/wechat/message-push.js'
import {
  accountEventOf,
  pushMessageId,
  readPushMessage,
  toPushMessage,
} from '../../src/wechat/push-message.js'

/** The example of WeChat's own page on message push. */
const official = {
  token: 'AAAAA',
  encodingAESKey: 'A'.repeat(43),
  appid: 'wxba5fad812f8e6fb9',
  encrypted:
    '+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=',
}
const { token, encodingAESKey, appid, encrypted: example } = official

describe('the signature', () => {
  it('is WeChat’s, in the examples of its page', () => {
    expect(signPush(token, '1714036504', '1514711492')).toBe(
      'f464b24fc39322e44b38aa78f5edd27bd1441696',
    )
    expect(signPush(token, '1714112445', '415670741', example)).toBe(
      '046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
    )
  })

  it('does not depend on the order of the texts, and changes with each of them', () => {
    const texts = fc.array(fc.string(), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(texts, fc.nat(), fc.string({ minLength: 1 }), (given, i, more) => {
        const signature = signPush(...given)
        expect(isPushSignature(signature, ...given.toReversed())).toBe(true)
        const changed = given.with(i % given.length, given[i % given.length]! + more)
        expect(isPushSignature(signature, ...changed)).toBe(
          [...changed].sort().join('') === [...given].sort().join(''),
        )
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['a part of it', signPush('a').slice(1)],
    ['more than it', `${signPush('a')}0`],
    ['more before it', `x${signPush('a')}`],
    ['capitals, which would be another name for one request', signPush('a').toUpperCase()],
    ['something else of its length', 'é'.repeat(40)],
  ])('is not %s', (_, signature) => {
    expect(isPushSignature(signature, 'a')).toBe(false)
  })
})

describe('the encryption', () => {
  it('is WeChat’s, in the example of its page', () => {
    const opened = decryptPush(example, encodingAESKey)!
    expect(opened.appid).toBe(appid)
    expect(JSON.parse(opened.message)).toEqual({
      ToUserName: 'gh_97417a04a28d',
      FromUserName: 'o9AgO5Kd5ggOC-bXrbNODIiE3bGY',
      CreateTime: 1714112445,
      MsgType: 'event',
      Event: 'debug_demo',
      debug_str: 'hello world',
    })
    const sealed = encryptPush(
      { message: '{"demo_resp":"good luck"}', appid },
      encodingAESKey,
      Buffer.from('707722b803182950'),
    )
    expect(sealed).toBe(
      'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==',
    )
  })

  it('gives back every message and appid', () => {
    const key = fc.stringMatching(/^[A-Za-z0-9]{43}$/)
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(key, text, text, (aesKey, message, app) => {
        const sealed = encryptPush({ message, appid: app }, aesKey, randomBytes(16))
        expect(decryptPush(sealed, aesKey)).toEqual({ message, appid: app })
      }),
    )
  })

  it('opens nothing with another key', () => {
    const another = `B${'A'.repeat(42)}`
    expect(decryptPush(example, another)).toBeNull()
  })

  it('answers null, and never throws, for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const opened = decryptPush(Buffer.from(bytes).toString('base64'), encodingAESKey)
        expect(opened === null || typeof opened.message === 'string').toBe(true)
      }),
    )
    expect(decryptPush('', encodingAESKey)).toBeNull()
    expect(decryptPush('no base64 at all!', encodingAESKey)).toBeNull()
  })

  it('gives back messages of every length, with whatever padding they need', () => {
    for (let length = 0; length <= 40; length++) {
      for (const sealed of [
        { message: 'm'.repeat(length), appid: '' },
        { message: '', appid: 'a'.repeat(length) },
      ]) {
        const text = encryptPush(sealed, encodingAESKey, randomBytes(16))
        expect(decryptPush(text, encodingAESKey)).toEqual(sealed)
      }
    }
  })

  /** What stands under the encryption as it is, padding and all. */
  function encrypted(...parts: Buffer[]): string {
    const key = Buffer.from(`${encodingAESKey}=`, 'base64')
    const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
    return Buffer.concat([cipher.update(Buffer.concat(parts)), cipher.final()]).toString('base64')
  }
  const head = Buffer.alloc(20)
  /** Says that 13 bytes follow. */
  const longer = Buffer.concat([Buffer.alloc(19), Buffer.of(13)])
  const bytes = (length: number, of = length): Buffer => Buffer.alloc(length, of)

  it.each([
    ['padding longer than there can be', encrypted(head, bytes(12, 65), bytes(48))],
    ['padding whose bytes differ', encrypted(head, bytes(7, 65), bytes(1, 4), bytes(4, 5))],
    ['no padding', encrypted(head, bytes(12, 0))],
    ['padding and nothing else', encrypted(bytes(32))],
    ['padding longer than all there is', encrypted(bytes(16, 32))],
    ['too little for a length', encrypted(bytes(19, 65), bytes(13))],
    ['a message longer than all there is', encrypted(longer, bytes(12, 65), bytes(32))],
    ['no UTF-8', encrypted(head, bytes(10, 255), bytes(2))],
  ])('opens nothing that has %s', (_, text) => {
    expect(decryptPush(text, encodingAESKey)).toBeNull()
  })

  it('opens nothing that is cut short, or says to be longer than it is', () => {
    const whole = Buffer.from(example, 'base64')
    for (let length = 0; length < whole.length; length += 16) {
      const cut = whole.subarray(0, length).toString('base64')
      expect(decryptPush(cut, encodingAESKey)).toBeNull()
    }
  })
})

/** What reading this text is refused with. */
function refusal(text: string): string {
  try {
    readPushMessage(text)
  } catch (error) {
    if (WxLoginError.is(error) && error.code === 'WX_BAD_REQUEST' && error.status === 400) {
      return error.message
    }
    throw error
  }
  return ''
}

describe('reading a message', () => {
  it('takes the XML of WeChat’s page', () => {
    const xml = `<xml>
<ToUserName><![CDATA[gh_870882ca4b1]]></ToUserName>
<CreateTime>1626857200</CreateTime>
<Event><![CDATA[user_authorization_revoke]]></Event>
<OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>
</xml>`
    expect(readPushMessage(xml)).toEqual({
      ToUserName: 'gh_870882ca4b1',
      CreateTime: '1626857200',
      Event: 'user_authorization_revoke',
      OpenID: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    })
  })

  it('takes its JSON too, where names begin with a space', () => {
    expect(readPushMessage('\n{"Event":"x"," OpenID":"o1","CreateTime":5}')).toEqual({
      Event: 'x',
      OpenID: 'o1',
      CreateTime: 5,
    })
  })

  it('keeps lists, nesting, entities and every character of a text', () => {
    const xml =
      '<?xml version="1.0"?><xml><List><Id>1</Id><Id a="b">2</Id></List><A>&lt;&#x1F338; </A><B/><!-- no --><C><![CDATA[<&>]]]]><![CDATA[>]]></C></xml>'
    expect(readPushMessage(xml)).toEqual({
      List: { Id: ['1', '2'] },
      A: '<🌸 ',
      B: '',
      C: '<&>]]>',
    })
  })

  it.each([
    ['nothing', '', 'is neither XML nor JSON'],
    ['no JSON', 'hello', 'is neither XML nor JSON'],
    ['a list', '[{"Event":"x"}]', 'must be an <xml> element'],
    ['a text', '"Event"', 'must be an <xml> element'],
    ['an empty object', '{}', 'must be an <xml> element'],
    ['another root', '<html><Event>x</Event></html>', 'must be an <xml> element'],
    ['an element of text', '<xml>hello</xml>', 'must be an <xml> element'],
    ['XML that does not end', '<xml><Event>x</Event>', 'is not well-formed XML'],
    ['two roots', '<xml><A>1</A></xml><xml/>', 'is not well-formed XML'],
    ['an entity nobody declared', '<xml><A>&secret;</A></xml>', 'is not well-formed XML'],
    ['deep XML', `<xml>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</xml>`, 'nested too deeply'],
    ['deep JSON', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'nested too deeply'],
    [
      'entities that fetch',
      '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><A>&x;</A></xml>',
      'must not have a DOCTYPE',
    ],
    [
      'entities that grow',
      '<!DOCTYPE xml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>',
      'must not have a DOCTYPE',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(refusal(text)).toContain(message)
  })

  it('takes null in JSON, and blanks and comments around XML', () => {
    expect(readPushMessage('{"A":null,"B":[null]}')).toEqual({ A: null, B: [null] })
    const xml = '<?xml version="1.0"?>\n<!-- a -->\n<xml><A>1</A></xml>\n<!-- b -->\n'
    expect(readPushMessage(xml)).toEqual({ A: '1' })
    expect(readPushMessage('\n <xml><A>1</A></xml>')).toEqual({ A: '1' })
  })

  it('lets no name reach a prototype', () => {
    const texts = [
      '{"A":1,"__proto__":{"admin":true}," __proto__":{"admin":true},"B":{"__proto__":{"x":1}}}',
      '<xml><A>1</A><__proto__><admin>1</admin></__proto__><B><__proto__/></B></xml>',
    ]
    for (const text of texts) {
      const message = readPushMessage(text)
      expect(Object.keys(message)).toEqual(['A', 'B'])
      expect(Object.keys(message['B'] as object)).toEqual([])
      expect(Object.assign({}, message)).not.toHaveProperty('admin')
    }
  })

  it('takes sixteen levels under the message, and not seventeen', () => {
    const xml = (depth: number): string =>
      `<xml>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}</xml>`
    const json = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    for (const text of [xml, json]) {
      expect(refusal(text(16))).toBe('')
      expect(refusal(text(17))).toContain('nested too deeply')
    }
  })

  it('quotes nothing of what it refuses, whatever it is', () => {
    const secret = '13912345678'
    const around = fc.string({ unit: fc.constantFrom(...'<>/!?[]{}":,&;xml ') })
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(refusal(`${before}${secret}${after}`)).not.toContain(secret)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('an account event', () => {
  const event = { Event: 'user_authorization_revoke', OpenID: 'o-1_a', AppID: 'wx1' }

  it('is told with what it says', () => {
    expect(accountEventOf({ ...event, RevokeInfo: 8, UnionID: 'u1', More: 1 })).toEqual({
      event: 'user_authorization_revoke',
      appid: 'wx1',
      openid: 'o-1_a',
      unionid: 'u1',
      revokeInfo: '8',
    })
  })

  it.each(['user_authorization_revoke', 'user_authorization_cancellation', 'user_info_modified'])(
    'may be %s, with nothing more than that',
    (Event) => {
      expect(accountEventOf({ Event })).toEqual({ event: Event })
    },
  )

  it.each(['8', '12', 12, '1234567890'])('may say what was withdrawn: %j', (RevokeInfo) => {
    expect(accountEventOf({ ...event, RevokeInfo })).toMatchObject({
      revokeInfo: String(RevokeInfo),
    })
  })

  it.each([{ Event: 'subscribe' }, { Event: ['user_info_modified'] }, { MsgType: 'text' }])(
    'is not %j',
    (message) => {
      expect(accountEventOf(message)).toBeUndefined()
    },
  )

  it('has no ids but those that are ids', () => {
    const odd = { ...event, OpenID: 'o:1', AppID: { a: 1 }, UnionID: '', RevokeInfo: 'all of it' }
    expect(accountEventOf(odd)).toEqual({ event: 'user_authorization_revoke' })
    const ids = [5, '{o1}', 'o1}', '{o1', 'o 1', 'o'.repeat(129)]
    for (const OpenID of ids)
      expect(accountEventOf({ ...event, OpenID })).not.toHaveProperty('openid')
    for (const RevokeInfo of ['8a', 'a8', '', '1'.repeat(11), -8, 1.5, ['8'], { 8: 8 }]) {
      expect(accountEventOf({ ...event, RevokeInfo })).not.toHaveProperty('revokeInfo')
    }
  })
})

describe('the id of a message', () => {
  it('is the same in whatever order it speaks, and another one with any other word', () => {
    const id = pushMessageId({ Event: 'x', CreateTime: 1 })
    expect(pushMessageId({ CreateTime: 1, Event: 'x' })).toBe(id)
    expect(pushMessageId({ CreateTime: 2, Event: 'x' })).not.toBe(id)
    expect(pushMessageId(toPushMessage({ ' Event': 'x', CreateTime: 1 }))).toBe(id)
  })
})
