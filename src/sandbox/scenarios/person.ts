import type { ScenarioContext } from './context.js'
import { createDevice, type ScenarioDevice } from './device.js'
import { fingerprint } from './sha256.js'
import type { Reply } from './target.js'

/** A user of the sandbox in a scenario, and what they do without a phone of ours. */
export interface Person {
  readonly name: string
  readonly openid: string
  /** The number WeChat knows, without a country code. */
  readonly phoneNumber: string
  /** What `wx.login` gives. */
  code(): Promise<string>
  /** What a tap on the phone number button gives. */
  phoneCode(): Promise<string>
  /** Encrypted with the key that the phone has now, for servers that take no code. */
  encryptedPhone(): Promise<{ encryptedData: string; iv: string }>
  /** Posts a code, a new one by default. @param token - of a session that comes along */
  logIn(code?: string, token?: string): Promise<Reply>
  /** Asks for what needs a session. */
  visit(token: string | undefined): Promise<Reply>
  logOut(token: string, body?: object): Promise<Reply>
  /** Posts to the phone route. */
  sendPhone(token: string | undefined, body: object): Promise<Reply>
  block(blocked: boolean): Promise<void>
  /** Fingerprint of the session key that the phone has. */
  keyId(): Promise<string | null>
  /** Fingerprints of all login codes there were. */
  loginCodes(): Promise<string[]>
  /** How often a code, or all of them, came to `jscode2session`. */
  exchanges(code?: string): Promise<number>
  /** A phone with the real client on it. */
  device(): ScenarioDevice
}

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'

/** @param from - what to pick from, as often as `length` says */
function random(from: string, length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return [...bytes].map((byte) => from[byte % from.length]).join('')
}

/** Makes a user nobody else has. */
export async function createPerson(
  context: ScenarioContext,
  sandbox: string,
  role: string,
): Promise<Person> {
  const { control, contract, ask, keyIds, appid } = context
  const name = `${role}-${random(letters, 8)}`
  const phoneNumber = `139${random('0123456789', 8)}`
  const { openids } = await control.setUser({
    name,
    phone: { phoneNumber, purePhoneNumber: phoneNumber, countryCode: '86' },
  })

  const noteKey = async (of = name): Promise<string | null> => {
    const { keyId } = await control.state(of)
    if (keyId !== null) keyIds.add(keyId)
    return keyId
  }
  const code = async (): Promise<string> => {
    const { code: given } = await control.login(name)
    await noteKey()
    return given
  }
  const loginCodes = async (): Promise<string[]> => {
    const { codes } = await control.state(name)
    return codes.filter(({ kind }) => kind === 'login').map((issued) => issued.fingerprint)
  }

  return {
    name,
    openid: openids[appid]!,
    phoneNumber,
    code,
    phoneCode: async () => (await control.phoneNumber(name)).code,
    async encryptedPhone() {
      const { encryptedData, iv } = await control.phoneNumber(name)
      return { encryptedData, iv }
    },
    logIn: async (given, token) =>
      ask(contract.login, { body: { code: given ?? (await code()) }, token, user: name }),
    visit: (token) => ask(contract.guarded, { token, user: name }),
    logOut: (token, body = {}) => ask(contract.logout!, { body, token, user: name }),
    sendPhone: (token, body) => ask(contract.phone!, { body, token, user: name }),
    async block(blocked) {
      await control.setUser({ name, blocked })
    },
    keyId: () => noteKey(),
    loginCodes,
    exchanges: async (given) =>
      context.countRequests(
        '/sns/jscode2session',
        given === undefined ? await loginCodes() : [fingerprint(given)],
      ),
    device: () => createDevice(context, { sandbox, user: name, noteKey }),
  }
}
