import { createHash } from 'node:crypto'
import { accessToken, appB, decrypt, listen, send } from './support.js'
import type { Sandbox } from '../../src/sandbox/index.js'

const now = (): number => 1_700_000_000_000

async function post(sandbox: Sandbox, path: string, body: unknown) {
  const token = await accessToken(sandbox)
  return (await send(sandbox, `${path}?access_token=${token}`, body)).json
}
const getNumber = (sandbox: Sandbox, body: unknown) =>
  post(sandbox, '/wxa/business/getuserphonenumber', body)

describe('/wxa/business/getuserphonenumber', () => {
  it('answers the number and the watermark of the tap', async () => {
    const sandbox = await listen({ now })
    const { code } = sandbox.user('alice').phoneNumber()
    expect(code).toMatch(/^[0-9a-f]{64}$/)
    sandbox.clock.advance(2000)
    const json = await getNumber(sandbox, { code })
    expect(json).toEqual({
      errcode: 0,
      errmsg: 'ok',
      phone_info: {
        phoneNumber: expect.stringMatching(/^139\d{8}$/),
        purePhoneNumber: json.phone_info.phoneNumber,
        countryCode: '86',
        watermark: { timestamp: 1_700_000_000, appid: sandbox.appid },
      },
    })
  })

  it('takes an openid and refuses another user’s code, which stays good', async () => {
    const sandbox = await listen()
    const { code } = sandbox.user('alice').phoneNumber()
    const wrong = await getNumber(sandbox, { code, openid: sandbox.user('bob').openid() })
    expect(wrong.errcode).toBe(40003)
    expect(wrong.phone_info).toBeUndefined()
    const right = await getNumber(sandbox, { code, openid: sandbox.user('alice').openid() })
    expect(right.errcode).toBe(0)
  })

  it('takes a code once', async () => {
    const sandbox = await listen()
    const { code } = sandbox.user('alice').phoneNumber()
    await getNumber(sandbox, { code })
    expect((await getNumber(sandbox, { code })).errcode).toBe(40163)
  })

  it('refuses a login code, another app’s code, an expired and an unknown one', async () => {
    const sandbox = await listen({ now })
    const alice = sandbox.user('alice')
    const expired = alice.phoneNumber().code
    sandbox.clock.advance(5 * 60_000)
    for (const code of [
      alice.login(),
      alice.phoneNumber({ appid: appB.appid }).code,
      expired,
      'f'.repeat(64),
    ]) {
      expect((await getNumber(sandbox, { code })).errcode).toBe(40029)
    }
  })

  it.each([
    [{}, 40029],
    [{ code: '' }, 40029],
    [{ code: 7 }, 47001],
    [{ code: 'x', openid: [] }, 47001],
    ['', 44002],
    ['code=x', 47001],
  ])('refuses %j with %i', async (body, errcode) => {
    const sandbox = await listen()
    expect((await getNumber(sandbox, body)).errcode).toBe(errcode)
  })
})

describe('phone numbers', () => {
  it('are paid for with each success, also one whose answer was lost, and with nothing else', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const { code } = alice.phoneNumber()
    expect(sandbox.paidPhoneNumbers).toBe(0)
    await getNumber(sandbox, { code, openid: sandbox.user('bob').openid() })
    await getNumber(sandbox, { code: alice.login() })
    await getNumber(sandbox, {})
    expect(sandbox.paidPhoneNumbers).toBe(0)
    await getNumber(sandbox, { code })
    await getNumber(sandbox, { code })
    expect(sandbox.paidPhoneNumbers).toBe(1)
    sandbox.faults.add({ endpoint: 'getuserphonenumber', drop: 'after', times: 1 })
    sandbox.faults.add({ endpoint: 'getuserphonenumber', errcode: -1, times: 1 })
    await expect(getNumber(sandbox, { code: alice.phoneNumber().code })).rejects.toThrow()
    await getNumber(sandbox, { code: alice.phoneNumber().code })
    expect(sandbox.paidPhoneNumbers).toBe(2)
    expect((await send(sandbox, '/__sandbox/usage')).json).toEqual({ paidPhoneNumbers: 2 })
  })

  it('can be foreign, with the country code as a number, by code and encrypted', async () => {
    const sandbox = await listen()
    const phone = { phoneNumber: '+447911123456', purePhoneNumber: '7911123456', countryCode: 44 }
    const bob = sandbox.user('bob', { phone })
    const { code, ...data } = bob.phoneNumber()
    expect((await getNumber(sandbox, { code })).phone_info).toMatchObject(phone)
    expect(decrypt(data, bob.sessionKey())).toMatchObject(phone)
    await send(sandbox, '/__sandbox/users', { name: 'bob', phone: { countryCode: '44' } })
    expect(decrypt(bob.phoneNumber(), bob.sessionKey())).toMatchObject({
      ...phone,
      countryCode: '44',
    })
  })
})

describe('/wxa/business/checkencryptedmsg', () => {
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
  const checkHash = (sandbox: Sandbox, hash: unknown) =>
    post(sandbox, '/wxa/business/checkencryptedmsg', { encrypted_msg_hash: hash })

  it('hashes the base64 text, as WeChat’s own example does', () => {
    const example =
      'hsSuSUsePBqSQw2rYMtf9Nvha603xX8f2BMQBcYRoJiMNwOqt/UEhrqekebG5ar0LFNAm5MD4Uz6zorRwiXJwbySJ/FEJHav4NsobBIU1PwdjbJWVQLFy7+YFkHB32OnQXWMh6ugW7Dyk2KS5BXp1f5lniKPp1KNLyNLlFlNZ2mgJCJmWvHj5AI7BLpWwoRvqRyZvVXo+9FsWqvBdxmAPA=='
    expect(hashOf(example)).toBe('657edd868c9715a9bebe42b833269a557a48498785397a796f1568c29a200b2c')
  })

  it('says vaild (sic) to a number WeChat encrypted, for three days', async () => {
    const sandbox = await listen({ now })
    const phone = sandbox.user('alice').phoneNumber()
    expect(decrypt(phone, sandbox.user('alice').sessionKey())).toMatchObject({ countryCode: '86' })
    const hash = hashOf(phone.encryptedData)
    const good = { errcode: 0, errmsg: 'ok', vaild: true, create_time: 1_700_000_000 }
    expect(await checkHash(sandbox, hash)).toEqual(good)
    expect(await checkHash(sandbox, hash.toUpperCase())).toEqual(good)
    sandbox.clock.advance(3 * 24 * 3600_000)
    expect(await checkHash(sandbox, hash)).toMatchObject({ errcode: 1, vaild: false })
    sandbox.user('alice').phoneNumber()
    expect(await checkHash(sandbox, hash)).toMatchObject({ errcode: 1, vaild: false })
  })

  it('knows nothing of other apps’ data and of data WeChat did not make', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    for (const { encryptedData } of [
      alice.phoneNumber({ appid: appB.appid }),
      alice.phoneNumber({ variant: 'wrong-key' }),
      alice.phoneNumber({ variant: 'bad-watermark' }),
      alice.phoneNumber({ variant: 'truncated' }),
      alice.phoneNumber({ watermark: { timestamp: 1 } }),
      alice.phoneNumber({ sessionKey: alice.sessionKey() }),
      alice.encrypt({ phoneNumber: '1' }),
    ]) {
      expect((await checkHash(sandbox, hashOf(encryptedData))).vaild).toBe(false)
    }
  })

  it('cannot see a flipped IV: the hash is of encryptedData alone', async () => {
    const sandbox = await listen()
    const { encryptedData } = sandbox.user('alice').phoneNumber({ variant: 'bit-flipped' })
    expect((await checkHash(sandbox, hashOf(encryptedData))).vaild).toBe(true)
  })

  it.each([
    [undefined, 47001],
    ['', 40097],
    ['abc', 40097],
    [5, 47001],
  ])('refuses the hash %j with %i', async (hash, errcode) => {
    const sandbox = await listen()
    expect((await checkHash(sandbox, hash)).errcode).toBe(errcode)
  })

  it.each([
    ['', 44002],
    ['[]', 47001],
  ])('refuses the body %j with %i', async (body, errcode) => {
    const sandbox = await listen()
    const json = await post(sandbox, '/wxa/business/checkencryptedmsg', body)
    expect(json.errcode).toBe(errcode)
  })
})
