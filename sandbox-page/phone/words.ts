const zh = {
  sandbox: '沙箱 SANDBOX',
  notWeChat: '沙箱，不是微信',
  online: '网络正常',
  offline: '飞行模式',
  silent: '网络无响应',
  start: (name: string) => `打开小程序“${name}”`,
  closed: '小程序已关闭。点图标重新打开：冷启动。',
  inBackground: '小程序在后台运行。点图标回到小程序。',
  inBackgroundFor: (seconds: number) => `小程序在后台，${seconds} 秒后回到前台。`,
  cleared: '这个小程序的存储已清空。重新打开后，要再次登录。',
  dismiss: '关闭提示',
  noTargetTitle: '没有服务器',
  noTarget:
    '这部手机还不知道要连接哪个服务器。请在沙箱页面填写服务器地址，或者在启动沙箱时加上 --target http://127.0.0.1:3000。',
  badTargetTitle: '服务器地址不对',
  badTarget: (target: string) => `“${target}”不是服务器的地址。要写成 http://127.0.0.1:3000 这样。`,
  refusedTitle: '沙箱不认识这些参数',
  unreachableTitle: '连不上沙箱',
  unreachable: '沙箱没有回应。请检查它是否还在运行，然后重新加载。',
  reload: '重新加载',
  targetDown: (target: string) => `连不上 ${target}。你的服务器在运行吗？端口对吗？`,
  targetTimeout: (target: string) => `${target} 一直没有回应。`,
  targetForbidden: (url: string) =>
    `沙箱不允许访问 ${url}。请用 --target 指定这个服务器，再启动沙箱。`,
  relayFailed: '这个请求没有经过沙箱：',
  fromWeChat: '微信头像',
  fruit: '橙子',
  mountain: '山',
  cat: '猫',
  failsReview: '未通过审核',
}

type Words = typeof zh

const en: Words = {
  sandbox: 'SANDBOX',
  notWeChat: 'SANDBOX, this is not WeChat',
  online: 'Network: online',
  offline: 'Airplane mode',
  silent: 'Network: nothing answers',
  start: (name) => `Open the Mini Program “${name}”`,
  closed: 'The Mini Program is closed. Tap the icon to open it again: a cold start.',
  inBackground: 'The Mini Program runs in the background. Tap the icon to go back to it.',
  inBackgroundFor: (seconds) => `The Mini Program is in the background, back in ${seconds} s.`,
  cleared: 'The storage of the Mini Program is cleared. Opened again, it has to log in.',
  dismiss: 'Close this message',
  noTargetTitle: 'No server',
  noTarget:
    'This phone does not know which server to talk to. Enter its URL in the sandbox page, or start the sandbox with --target http://127.0.0.1:3000.',
  badTargetTitle: 'Not the URL of a server',
  badTarget: (target) =>
    `“${target}” is not the URL of a server. Write it like http://127.0.0.1:3000`,
  refusedTitle: 'The sandbox does not know these parameters',
  unreachableTitle: 'The sandbox cannot be reached',
  unreachable: 'The sandbox does not answer. See whether it still runs, then load this again.',
  reload: 'Load again',
  targetDown: (target) =>
    `${target} cannot be reached. Does your server run, and is the port right?`,
  targetTimeout: (target) => `${target} does not answer.`,
  targetForbidden: (url) =>
    `The sandbox may not go to ${url}. Start it with --target and this server.`,
  relayFailed: 'This request did not get through the sandbox: ',
  fromWeChat: 'WeChat avatar',
  fruit: 'Orange',
  mountain: 'Mountain',
  cat: 'Cat',
  failsReview: 'Fails review',
}

/** What the phone says, but for the sheets of WeChat and the mini program. */
export type PhoneWords = Words & { lang: string }

export const phoneWords = (lang: 'zh' | 'en'): PhoneWords =>
  lang === 'zh' ? { ...zh, lang: 'zh-CN' } : { ...en, lang: 'en' }
