import { createAvatarSheet } from './avatar-sheet.js'
import { createPhoneNumberSheet } from './phone-number-sheet.js'

/**
 * What happens at a tap on a button with an `open-type`: returns the event to trigger and its detail, or nothing.
 * https://developers.weixin.qq.com/miniprogram/dev/component/button.html
 *
 * @param {import('./phone.d.ts').Phone} phone
 * @param {ReturnType<import('./dialogs.js').createDialogs>} dialogs
 * @param {ReturnType<import('./words.js').wordsOf>} words
 */
export function createOpenTypes(phone, dialogs, words) {
  const { device } = phone
  const askForNumber = createPhoneNumberSheet(phone, dialogs, words)
  const pickAvatar = createAvatarSheet(phone, dialogs, words)

  /** WeChat asks before the first thing that the privacy guide is about; a refusal is the device's to tell. */
  async function askPrivacy() {
    if (device.privacyAgreed) return true
    device.privacyAgreed = await dialogs.permission({
      title: words.privacyTitle,
      text: words.privacyText,
      refuse: words.privacyRefuse,
      allow: words.privacyAgree,
    })
    return device.privacyAgreed
  }

  return {
    askPrivacy,

    async getPhoneNumber() {
      const allowed = (await askPrivacy()) && (await askForNumber())
      return ['getphonenumber', await device.tapPhoneNumber({ deny: !allowed })]
    },

    async chooseAvatar() {
      try {
        if (!(await askPrivacy())) return ['chooseavatar', await device.chooseAvatar()]
        const file = await pickAvatar()
        return file && ['chooseavatar', { avatarUrl: await device.chooseAvatar({ file }) }]
      } catch (failure) {
        return ['chooseavatar', failure]
      }
    },
  }
}
