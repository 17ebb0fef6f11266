/** What WeChat itself says on the phone, not the mini program: in the language of the phone. */
const zh = {
  cancel: '取消',
  back: '返回',
  more: '更多',
  close: '关闭',
  restart: '重新进入小程序',
  picture: (number) => `第 ${number} 张`,
  privacyTitle: '用户隐私保护提示',
  privacyText: '使用该功能前，请阅读并同意《小程序用户隐私保护指引》。',
  privacyRefuse: '拒绝',
  privacyAgree: '同意',
  phoneTitle: '申请获取并验证你的手机号',
  phoneText: '用于绑定你的账号',
  phoneBound: '微信绑定号码',
  phoneAllow: '允许',
  phoneRefuse: '不允许',
  phoneOther: '使用其它号码',
  otherLabel: '手机号',
  otherText: '沙箱不发短信：输入的号码当作已经验证。',
  otherHint: '11 位，以 1 开头',
  otherWrong: '请输入 11 位的手机号码',
  otherFailed: '号码没有保存，请重试',
  otherUse: '使用这个号码',
  avatarTitle: '选择头像',
  avatarRefused: '图片未通过审核，请重新选择',
  nickname: (name) => `用微信昵称：${name}`,
}

const en = {
  cancel: 'Cancel',
  back: 'Back',
  more: 'More',
  close: 'Close',
  restart: 'Restart Mini Program',
  picture: (number) => `Picture ${number}`,
  privacyTitle: 'Privacy notice',
  privacyText: 'Before you use this, read and agree to the privacy guide of the Mini Program.',
  privacyRefuse: 'Refuse',
  privacyAgree: 'Agree',
  phoneTitle: 'Requests to get and verify your phone number',
  phoneText: 'To bind it to your account',
  phoneBound: 'Number bound to WeChat',
  phoneAllow: 'Allow',
  phoneRefuse: "Don't allow",
  phoneOther: 'Use another number',
  otherLabel: 'Phone number',
  otherText: 'The sandbox sends no text message: the number counts as verified.',
  otherHint: '11 digits, the first is 1',
  otherWrong: 'Enter a phone number of 11 digits',
  otherFailed: 'The number was not saved, try again',
  otherUse: 'Use this number',
  avatarTitle: 'Choose an avatar',
  avatarRefused: 'The picture did not pass the review, choose another one',
  nickname: (name) => `Use WeChat nickname: ${name}`,
}

/**
 * @param {'zh' | 'en'} [lang]
 * @returns {typeof zh & { lang: string }} with the language itself, as HTML names it
 */
export const wordsOf = (lang) => (lang === 'en' ? { ...en, lang: 'en' } : { ...zh, lang: 'zh-CN' })
