import type { WireParty } from '../../src/sandbox/wire/types.js'
import type { Lang } from './lang.js'

/** What there is to do in the introduction, in this order. */
export type GuideStep = 'login' | 'look' | 'fault' | 'airplane' | 'scenarios'

const parties: Record<WireParty, string> = {
  phone: 'calls wx.login, gets a code and sends it to your server.',
  server: 'exchanges the code, once, and hands the phone a token.',
  wechat: 'knows whose code it is. Played by this sandbox.',
  redis: 'keeps openid and session_key. The phone never sees them.',
}
const steps: Record<GuideStep, string> = {
  login: 'Watch the phone log in: wx.login, a code, a token. Then tap around.',
  look: 'Click an arrow: raw HTTP beside what it means.',
  fault: 'Break it: order “WeChat busy (-1)”, log in again.',
  airplane: 'Switch airplane mode on, then use the mini program.',
  scenarios: 'Run the scenarios: what a login has to survive.',
}
const actions: Record<GuideStep, string | null> = {
  login: 'To the phone',
  look: null,
  fault: 'Open Faults',
  airplane: 'To the phone',
  scenarios: 'Open Scenarios',
}

const en = {
  title: 'WeChat login, on your desk',
  lead: 'A phone with a mini program, your server, and a sandbox that plays WeChat. Everything they say to each other is drawn below, as it happens.',
  parties,
  first: 'Begin',
  further: 'Three things to try',
  steps,
  actions,
  done: 'done',
  close: 'Close the introduction',
  own: 'Use your own server',
  help: {
    title: 'What is this?',
    close: 'Close',
    guide: 'Show the introduction',
    what: 'Four parties',
    own: 'Your own server, in any language',
    ownSteps: [
      'Point its WeChat address, https://api.weixin.qq.com, to this sandbox (with express-wx-login: wechat.baseUrl).',
      'Give it the AppID and AppSecret of the sandbox’ app.',
      'Name it above, at “Server”, or open this page with ?target= and its address.',
    ],
    appSecret: 'The app has the secret that the sandbox was started with.',
    verify: 'In CI, without this page:',
    curl: 'The same with curl',
    curlLogin: 'A phone calls wx.login',
    curlExchange: 'Your server exchanges the code, once, within five minutes',
    curlData: 'Signed and encrypted data of the phone',
    curlFaults: 'Things go wrong, and time passes',
    curlRequests: 'What your server sent',
    keys: 'Keys',
    keyList: [
      ['↑ ↓', 'from exchange to exchange on the wire'],
      ['Enter', 'takes the exchange apart'],
      ['Esc', 'closes what is open'],
    ] as [string, string][],
  },
}

/** Texts of the introduction and of the help. */
export type GuideTexts = typeof en

const zh: GuideTexts = {
  title: '桌面上的微信登录',
  lead: '一部运行小程序的手机、你的服务端，以及扮演微信的沙箱。它们之间的每一次通信都会实时画在下面。',
  parties: {
    phone: '调用 wx.login 拿到 code，发给你的服务端。',
    server: '用 code 换取一次会话，再给手机一个 token。',
    wechat: '知道 code 属于谁。由本沙箱扮演。',
    redis: '保存 openid 和 session_key，手机永远看不到。',
  },
  first: '开始',
  further: '再试三件事',
  steps: {
    login: '看手机登录：wx.login、code、token。然后随意操作。',
    look: '点一条箭头：左边是原始 HTTP，右边是解读。',
    fault: '弄坏它：设定“微信繁忙（-1）”，再登录一次。',
    airplane: '打开飞行模式，再操作小程序。',
    scenarios: '运行场景：登录必须经得起的考验。',
  },
  actions: {
    login: '去手机',
    look: null,
    fault: '打开故障',
    airplane: '去手机',
    scenarios: '打开场景',
  },
  done: '已完成',
  close: '关闭介绍',
  own: '接入你自己的服务端',
  help: {
    title: '这是什么？',
    close: '关闭',
    guide: '显示介绍',
    what: '四个角色',
    own: '你自己的服务端，任何语言',
    ownSteps: [
      '把它的微信地址 https://api.weixin.qq.com 改成本沙箱（express-wx-login 用 wechat.baseUrl）。',
      '使用沙箱应用的 AppID 和 AppSecret。',
      '在上方“服务端”填写它的地址，或用 ?target= 加地址打开本页。',
    ],
    appSecret: '这个应用的 secret 是启动沙箱时设定的。',
    verify: '在 CI 里，不用本页：',
    curl: '用 curl 做同样的事',
    curlLogin: '手机调用 wx.login',
    curlExchange: '服务端换取 code：五分钟内，只能一次',
    curlData: '手机签名、加密的数据',
    curlFaults: '出错，以及时间流逝',
    curlRequests: '服务端发出的请求',
    keys: '键盘',
    keyList: [
      ['↑ ↓', '在时序图中逐条移动'],
      ['Enter', '查看详情'],
      ['Esc', '关闭'],
    ],
  },
}

/** Texts by language. */
export const guideTexts: Readonly<Record<Lang, GuideTexts>> = { en, zh }
