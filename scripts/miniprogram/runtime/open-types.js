/**
 * What happens at a tap on a button with an `open-type`: returns the event to trigger and its detail, or nothing.
 * https://developers.weixin.qq.com/miniprogram/dev/component/button.html
 *
 * @param {import('./phone.d.ts').Phone} phone
 */
export function createOpenTypes(phone, dialogs) {
  const { device } = phone

  /** WeChat asks before the first thing that the privacy guide is about; a refusal is the device's to tell. */
  async function askPrivacy() {
    if (device.privacyAgreed) return true
    device.privacyAgreed = await dialogs.permission({
      title: '用户隐私保护提示',
      text: '使用该功能前，请阅读并同意《小程序用户隐私保护指引》。',
      refuse: '拒绝',
      allow: '同意',
    })
    return device.privacyAgreed
  }

  return {
    askPrivacy,

    async getPhoneNumber() {
      const agreed = await askPrivacy()
      const allowed =
        agreed &&
        (await dialogs.permission({
          title: '申请获取并验证你的手机号',
          text: '用于绑定你的账号',
          detail: phone.maskedPhoneNumber,
          refuse: '拒绝',
          allow: '允许',
        }))
      return ['getphonenumber', await device.tapPhoneNumber({ deny: !allowed })]
    },

    async chooseAvatar() {
      try {
        if (!(await askPrivacy())) return ['chooseavatar', await device.chooseAvatar()]
        const pictures = await phone.pictures()
        const urls = pictures.map((picture) => URL.createObjectURL(picture))
        const index = await dialogs.list({ title: '选择头像', items: urls, pictures: true })
        for (const url of urls) URL.revokeObjectURL(url)
        // WeChat says nothing where the user closes the sheet.
        if (index === -1) return undefined
        return ['chooseavatar', { avatarUrl: await device.chooseAvatar({ file: pictures[index] }) }]
      } catch (failure) {
        return ['chooseavatar', failure]
      }
    },
  }
}
