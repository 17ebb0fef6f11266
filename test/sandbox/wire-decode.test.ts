import { createHash } from 'node:crypto'
import type { Sandbox } from '../../src/sandbox/index.js'
import type { WireDecoded, WireDetail } from '../../src/sandbox/wire/types.js'
import { accessToken, appA, appB, exchange, listen, send, stableToken } from './support.js'
import { detail, fromPhone, reveal, startTarget } from './wire-support.js'

const keyId = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 8)

/** What the wire says of a body that alice's phone sends to somebody's server. */
async function decode(sandbox: Sandbox, body: object, user = 'alice'): Promise<WireDetail> {
  const target = await startTarget()
  await fromPhone(sandbox, `${target.url}/any/path`, body, { user })
  return detail(sandbox, 'POST /any/path')
}

const verdicts = ({ decoded }: { decoded: WireDecoded[] }): [string, boolean | null][] =>
  decoded.map(({ kind, ok }) => [kind, ok])

const stepsOf = ({ decoded }: { decoded: WireDecoded[] }, kind: string): Record<string, string> =>
  Object.fromEntries(
    decoded
      .find((one) => one.kind === kind)!
      .steps.map(({ label, value }) => [label.en.split(/[:,]/)[0]!, value]),
  )

describe('a signature on the wire', () => {
  it('is computed again, step by step', async () => {
    const sandbox = await listen()
    const { rawData, signature } = sandbox.user('alice').userInfo()
    const message = await decode(sandbox, { rawData, signature })
    expect(verdicts(message)).toEqual([['signature', true]])
    const fingerprint = `***#${keyId(signature)}`
    expect(stepsOf(message, 'signature')).toMatchObject({
      rawData,
      'keyId = sha256(session_key)[0..8]': keyId(sandbox.user('alice').sessionKey()),
      'sha1(rawData + session_key)': fingerprint,
      signature: fingerprint,
      'Equal?': '=',
    })
    const [, key] = message.decoded[0]!.steps
    expect(key!.label.en).toBe("session_key: the phone's current key")
    expect(key!.secret).toBe(true)
    expect(await reveal(sandbox, message.id, 'decoded', '0.1')).toBe(
      sandbox.user('alice').sessionKey(),
    )
    // What hides nothing is nothing to reveal.
    expect(await reveal(sandbox, message.id, 'decoded', '0.0')).toBeUndefined()
  })

  it('is told to be of an earlier key', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    alice.login()
    const old = alice.userInfo()
    alice.login()
    alice.login()
    const message = await decode(sandbox, old)
    expect(verdicts(message)).toEqual([
      ['signature', true],
      ['decryption', true],
      ['watermark', true],
    ])
    expect(message.decoded[0]!.steps[1]!.label.en).toBe(
      'session_key: an earlier key of the phone (2 before)',
    )
  })

  it('does not fit changed rawData, or another user’s key', async () => {
    const sandbox = await listen()
    const { rawData, signature } = sandbox.user('alice').userInfo()
    const changed = await decode(sandbox, { rawData: `${rawData} `, signature })
    expect(verdicts(changed)).toEqual([['signature', false]])
    expect(stepsOf(changed, 'signature')['Equal?']).toBe('≠')
    sandbox.user('bob').login()
    expect(verdicts(await decode(sandbox, { rawData, signature }, 'bob'))).toEqual([
      ['signature', false],
    ])
  })

  it('is not judged where the phone has no key', async () => {
    const sandbox = await listen()
    const { rawData, signature } = sandbox.user('alice').userInfo()
    const message = await decode(sandbox, { rawData, signature }, 'carol')
    expect(verdicts(message)).toEqual([['signature', null]])
  })
})

describe('encrypted data on the wire', () => {
  it('is decrypted: key, iv, blocks, padding, plaintext and the age of the watermark', async () => {
    let now = 1_764_161_715_000
    const sandbox = await listen({ now: () => now })
    const data = sandbox.user('alice').encrypt({ step: 7 })
    now += 90_000
    const message = await decode(sandbox, { detail: data })
    expect(verdicts(message)).toEqual([
      ['decryption', true],
      ['watermark', true],
    ])
    const bytes = Buffer.from(data.encryptedData, 'base64')
    const steps = stepsOf(message, 'decryption')
    const text = `{"step":7,"watermark":{"timestamp":1764161715,"appid":"${appA.appid}"}}`
    const padding = 16 - (text.length % 16)
    expect(steps).toMatchObject({
      encryptedData: `${String(bytes.length)} B = ${String(bytes.length / 16)} × 16`,
      'First block in': bytes.subarray(0, 16).toString('hex'),
      'First block out': text.slice(0, 16),
      Padding: `0x${padding.toString(16).padStart(2, '0')} × ${String(padding)} (PKCS#7)`,
      Plaintext: text,
    })
    expect(stepsOf(message, 'watermark')).toEqual({
      'watermark.appid': appA.appid,
      'appid of the key': appA.appid,
      'watermark.timestamp': '2025-11-26T12:55:15.000Z',
      "Age by the sandbox' clock": '90 s',
    })
    const iv = message.decoded[0]!.steps.findIndex(({ label }) => label.en === 'iv')
    expect(await reveal(sandbox, message.id, 'decoded', `0.${String(iv)}`)).toBe(data.iv)
  })

  it('shows no phone number until it is revealed', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const { encryptedData, iv } = alice.phoneNumber()
    const message = await decode(sandbox, { encrypted_data: encryptedData, iv })
    const plain = JSON.parse(stepsOf(message, 'decryption')['Plaintext']!) as object
    expect(plain).toMatchObject({ phoneNumber: '***', purePhoneNumber: '***', countryCode: '86' })
    const at = message.decoded[0]!.steps.findIndex(({ label }) => label.en === 'Plaintext')
    expect(await reveal(sandbox, message.id, 'decoded', `0.${String(at)}`)).toMatch(
      /"phoneNumber":"139\d{8}"/,
    )
  })

  it.each([
    ['wrong-key', [['decryption', false]]],
    ['truncated', [['decryption', false]]],
    [
      'bad-watermark',
      [
        ['decryption', true],
        ['watermark', false],
      ],
    ],
  ] as const)('that is wrong in some way (%s) says where', async (variant, expected) => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    alice.login()
    const { encryptedData, iv } = alice.userInfo({ variant })
    expect(verdicts(await decode(sandbox, { encryptedData, iv }))).toEqual(expected)
  })

  it('without a watermark says that it is missing', async () => {
    const sandbox = await listen()
    const data = sandbox.user('alice').encrypt({ a: 1 }, { watermark: false })
    const message = await decode(sandbox, data)
    expect(verdicts(message)).toEqual([
      ['decryption', true],
      ['watermark', false],
    ])
  })

  it.each(['soon', 9e15])('with a watermark of no time (%j) says that too', async (timestamp) => {
    const sandbox = await listen()
    const { appid } = sandbox
    const data = sandbox
      .user('alice')
      .encrypt({ a: 1, watermark: { appid, timestamp } }, { watermark: false })
    const message = await decode(sandbox, data)
    expect(stepsOf(message, 'watermark')).toMatchObject({ 'watermark.timestamp': '✗' })
  })

  it('of a phone that has no key is not judged', async () => {
    const sandbox = await listen()
    const data = sandbox.user('alice').encrypt({ a: 1 })
    expect(verdicts(await decode(sandbox, data, 'carol'))).toEqual([['decryption', null]])
  })

  it('of a wrong shape is no crash', async () => {
    const sandbox = await listen()
    sandbox.user('alice').login()
    for (const [encryptedData, iv] of [
      ['AAAA', 'AAAA'],
      ['???', 'x'],
      ['A'.repeat(24), '0'.repeat(24)],
    ]) {
      const message = await decode(sandbox, { encryptedData, iv })
      expect(verdicts(message)).toEqual([['decryption', false]])
    }
    for (const body of [{ encryptedData: 1, iv: 2 }, { rawData: {}, signature: [] }, []]) {
      expect((await decode(sandbox, body)).decoded).toEqual([])
    }
  })

  it('made for another app of the sandbox is told by its key', async () => {
    const sandbox = await listen()
    const data = sandbox.user('alice').encrypt({ a: 1 }, { appid: appB.appid })
    const message = await decode(sandbox, data)
    expect(stepsOf(message, 'watermark')['appid of the key']).toBe(appB.appid)
  })
})

describe('an answer of WeChat on the wire', () => {
  it('tells whether the session key the server got is the phone’s', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const code = alice.login()
    const key = alice.sessionKey()
    await exchange(sandbox, code)
    const fresh = await detail(sandbox, 'GET /sns/jscode2session')
    expect(verdicts(fresh)).toEqual([['key', true]])
    expect(fresh.decoded[0]!.steps[0]!.value).toBe(keyId(key))
    // The phone goes on; the answer is the same and what it gave is old.
    alice.login()
    const stale = await detail(sandbox, 'GET /sns/jscode2session')
    expect(verdicts(stale)).toEqual([['key', false]])
    expect(stale.decoded[0]!.steps.map(({ value }) => value)).toEqual([
      keyId(key),
      keyId(alice.sessionKey()),
      keyId(key),
    ])
  })

  it('tells whether the access token of a request is still good', async () => {
    const sandbox = await listen()
    const token = await accessToken(sandbox)
    await send(sandbox, `/wxa/checksession?access_token=${token}`)
    const good = await detail(sandbox, 'GET /wxa/checksession')
    expect(verdicts(good)).toEqual([['token', true]])
    expect(stepsOf(good, 'token')).toMatchObject({
      access_token: keyId(token),
      'appid of the token': appA.appid,
    })
    await stableToken(sandbox, { force_refresh: true })
    const replaced = await detail(sandbox, 'GET /wxa/checksession')
    expect(verdicts(replaced)).toEqual([['token', false]])
    expect(stepsOf(replaced, 'token')['Now refused with']).toBe('40001')
  })
})

describe('what lies deeper', () => {
  it('is found two levels down, as mini programs send it', async () => {
    const sandbox = await listen()
    const { rawData, signature } = sandbox.user('alice').userInfo()
    const message = await decode(sandbox, { data: { userInfo: { rawData, signature } } })
    expect(verdicts(message)).toEqual([['signature', true]])
    const deeper = await decode(sandbox, { a: { b: { c: { rawData, signature } } } })
    expect(deeper.decoded).toEqual([])
  })

  it('is taken apart in what WeChat gives the phone, too', async () => {
    const sandbox = await listen()
    await send(sandbox, '/__sandbox/users/alice/user-info', { variant: 'bit-flipped' })
    const message = await detail(sandbox, 'wx.getUserInfo')
    expect(verdicts(message)).toEqual([
      ['signature', true],
      ['decryption', true],
      ['watermark', true],
    ])
  })

  it('is a session key of nobody where the user is not known', async () => {
    const sandbox = await listen()
    const body = { session_key: 'AAAAAAAAAAAAAAAAAAAAAA==' }
    expect(verdicts(await decode(sandbox, body, 'carol'))).toEqual([['key', null]])
  })
})
