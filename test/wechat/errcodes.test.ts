import {
  apiErrcodes,
  type Errcodes,
  errcodeOf,
  errorOfReply,
  hasOddErrcode,
  tokenErrcodes,
} from '../../src/wechat/errcodes.js'

/** An errcode, the error it is, and words that its reason has for the operator. */
type Row = [errcode: number, code: string, words: RegExp | null]

const ofLogins: Row[] = [
  [-1, 'WX_BUSY', null],
  [40029, 'WX_CODE_INVALID', /wrong, expired, or of another mini program/],
  [40163, 'WX_CODE_USED', null],
  [40226, 'WX_USER_BLOCKED', null],
  [45011, 'WX_RATE_LIMITED', null],
  [40013, 'WX_APP_CONFIG', /does not know this appid/],
  [40125, 'WX_APP_CONFIG', /AppSecret is wrong/],
  [40243, 'WX_APP_CONFIG', /AppSecret is frozen/],
  [41002, 'WX_APP_CONFIG', /appid is missing/],
  [41004, 'WX_APP_CONFIG', /AppSecret is missing/],
  [41008, 'WX_APP_CONFIG', /code is missing/],
  [61003, 'WX_APP_CONFIG', /not authorised this platform$/],
]
const ofCalls: Row[] = [
  [40164, 'WX_APP_CONFIG', /IP白名单/],
  [61004, 'WX_APP_CONFIG', /IP白名单/],
  [45009, 'WX_RATE_LIMITED', /calls of this day/],
  [48001, 'WX_APP_CONFIG', /may not call this endpoint/],
  [48004, 'WX_APP_CONFIG', /has closed this endpoint/],
  [50002, 'WX_UPSTREAM', /user is restricted/],
  [61007, 'WX_APP_CONFIG', /authorised this platform for this endpoint/],
  [42001, 'WX_UPSTREAM', /does not accept the access token/],
  [40014, 'WX_UPSTREAM', /does not accept the access token/],
]
const ofTokens: Row[] = [
  [40001, 'WX_APP_CONFIG', /AppSecret is wrong, or of another mini program/],
  [50004, 'WX_APP_CONFIG', /may not have access tokens/],
  [50007, 'WX_APP_CONFIG', /account of the mini program is frozen/],
  [89501, 'WX_APP_CONFIG', /waits for the administrator/],
  [89503, 'WX_APP_CONFIG', /has to allow the IP address/],
  [89506, 'WX_APP_CONFIG', /refused .* for 24 hours/],
  [89507, 'WX_APP_CONFIG', /refused .* for one hour/],
]
const badToken: Row = [40001, 'WX_UPSTREAM', /does not accept the access token/]

const asked: [string, Errcodes | undefined, Row[]][] = [
  ['a code exchange', undefined, ofLogins],
  ['the server API', apiErrcodes, [...ofLogins, ...ofCalls, badToken]],
  ['access tokens', tokenErrcodes, [...ofLogins, ...ofCalls, ...ofTokens]],
]

describe.each(asked)('an errcode of %s', (_, known, rows) => {
  test.each(rows)('%i is %s, and says why', (errcode, code, words) => {
    const error = errorOfReply({ errcode, errmsg: 'canary' }, known)
    expect(error).toMatchObject({ code, errcode })
    const reason = `WeChat answered errcode ${String(errcode)}`
    if (words === null) expect(error.reason).toBe(reason)
    else {
      expect(error.reason).toMatch(words)
      expect(error.reason?.startsWith(`${reason}: `)).toBe(true)
    }
  })

  test('that nobody has heard of is WX_UPSTREAM', () => {
    const error = errorOfReply({ errcode: 99999 }, known)
    expect(error).toMatchObject({
      code: 'WX_UPSTREAM',
      errcode: 99999,
      reason: 'WeChat answered errcode 99999',
    })
  })
})

test.each<[unknown, number, odd: boolean]>([
  [undefined, 0, false],
  [null, 0, false],
  [0, 0, false],
  ['0', 0, false],
  [40029, 40029, false],
  ['40029', 40029, false],
  ['-1', -1, false],
  ['40029 ', 0, true],
  [' 40029', 0, true],
  ['1234567890', 0, true],
  ['', 0, true],
  ['invalid', 0, true],
  [true, 0, true],
  [{}, 0, true],
])('the errcode %p is read as %i', (errcode, number, odd) => {
  expect(errcodeOf({ errcode })).toBe(number)
  expect(hasOddErrcode({ errcode })).toBe(odd)
})

test.each<[unknown, string | undefined]>([
  ['invalid code, rid: 6673e2e3-2cdf6a7d-1f4b8f0e', '6673e2e3-2cdf6a7d-1f4b8f0e'],
  ['invalid code, req_id:abcd', 'abcd'],
  ['invalid code, rid: abc', undefined],
  ['invalid code', undefined],
  [undefined, undefined],
  [40029, undefined],
])('the rid of the errmsg %p is %p', (errmsg, rid) => {
  expect(errorOfReply({ errcode: 40029, errmsg }).rid).toBe(rid)
})

test('the sentence for the phone can be one of what was asked', () => {
  const messages = { WX_CODE_INVALID: 'Tap again.' }
  expect(errorOfReply({ errcode: 40029 }, undefined, messages).message).toBe('Tap again.')
  expect(errorOfReply({ errcode: 40163 }, undefined, messages).message).not.toBe('Tap again.')
})
